"""File systems of folders, from the system's own table."""

from pathlib import Path

import pytest

from app.pipeline.errors import StoreError
from app.pipeline.stores.disk import DiskStore
from app.pipeline.volume.mounts import check_local, file_system

TABLE = r"""
22 1 253:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:26 / /home rw,relatime - nfs4 server:/export/home rw,vers=4.2,hard
31 22 0:27 / /home/own rw - ext4 /dev/vdb rw
32 22 0:28 / /mnt/with\040blank\134 rw shared:2 master:3 - cifs //host/share rw
33 22 0:29 / /mnt/covered rw - ext4 /dev/vdc rw
34 33 0:30 / /mnt/covered rw - fuse.sshfs host:/ rw
35 22 0:31 / /mnt/nine rw - 9p share rw,trans=virtio
36 22 0:32 / /mnt/parallel rw - lustre host@tcp:/fs rw
37 22 0:33 / /run rw - tmpfs tmpfs rw
38 22 0:34 / /mnt/pool rw - fuse.mergerfs a:b rw
not a line of a table
"""


@pytest.fixture
def mounts(tmp_path):
    path = tmp_path / "mountinfo"
    path.write_text(TABLE)
    return path


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ("/var/cache", ("ext4", "/")),
        ("/home/me/cache", ("nfs4", "/home")),
        ("/homes/me", ("ext4", "/")),
        ("/home/own/cache", ("ext4", "/home/own")),
        ("/mnt/with blank\\/cache", ("cifs", "/mnt/with blank\\")),
        ("/mnt/covered", ("fuse.sshfs", "/mnt/covered")),
        ("/run/a/../b", ("tmpfs", "/run")),
    ],
)
def test_the_file_system_of_a_folder(mounts, folder, found):
    assert file_system(Path(folder), mounts) == found


@pytest.mark.parametrize(
    "folder", ["/home/me", "/mnt/with blank\\/x", "/mnt/covered/x", "/mnt/nine/x", "/mnt/parallel/x"]
)
def test_a_network_file_system_is_refused_with_the_reason(mounts, folder):
    with pytest.raises(StoreError, match=r"is on a network file system \('.*' at '/.*Choose a folder on a disk"):
        DiskStore(Path(folder), mounts=mounts)


def test_a_link_to_a_network_file_system_is_seen_through(mounts, tmp_path):
    (tmp_path / "link").symlink_to("/home/me")
    with pytest.raises(StoreError, match="network file system"):
        check_local(tmp_path / "link" / "cache", mounts)


@pytest.mark.parametrize("folder", ["/var/cache", "/run/x", "/mnt/pool/x", "/home/own"])
def test_a_disk_of_this_machine_is_allowed(mounts, folder):
    check_local(Path(folder), mounts)


def test_where_the_system_does_not_tell_it_is_allowed(tmp_path):
    assert file_system(tmp_path, tmp_path / "missing") is None
    check_local(tmp_path, tmp_path / "missing")


def test_this_machine_tells(tmp_path):
    assert file_system(tmp_path) is not None
