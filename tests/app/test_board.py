"""Memory shared by processes: what one writes the others read, whole or not at all."""

import os

import pytest

from app.web.board import RETIRED, SIZE, Board


def test_a_process_reads_what_another_wrote() -> None:
    board = Board(2)
    child = os.fork()
    if child == 0:
        board.write(1, b"from the child")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert list(board.others(2)) == [b"from the child"]
    assert list(board.others(1)) == []


@pytest.mark.parametrize("text", [b"", b"x", b"y" * (SIZE - 8)])
def test_what_fits_comes_back(text: bytes) -> None:
    board = Board(1)
    assert board.write(1, b"before")
    assert board.write(1, text)
    assert board.read(1) == text
    assert board.read(RETIRED) == b""


def test_what_does_not_fit_changes_nothing() -> None:
    board = Board(1)
    board.write(1, b"before")
    assert not board.write(1, b"y" * (SIZE - 7))
    assert board.read(1) == b"before"
    assert board.read(RETIRED) == b""


def test_what_is_half_written_is_not_read() -> None:
    board = Board(1)
    board.write(1, b"whole")
    board._memory[SIZE + 10] ^= 1
    assert board.read(1) == b""
