"""Work asks itself whether to stop: only where it was told what to ask, and only within."""

from contextvars import copy_context
from threading import Thread

import pytest

from app.pipeline.errors import SupersededError
from app.pipeline.stopping import checkpoint, question, stoppable


def test_nothing_stops_work_that_was_not_told():
    assert question() is None
    checkpoint()


def test_work_goes_on_until_it_should_stop():
    wanted = [True, True, False]
    with stoppable(lambda: not wanted.pop(0)):
        checkpoint()
        checkpoint()
        with pytest.raises(SupersededError, match="a newer view replaced this one"):
            checkpoint()
    assert wanted == []
    checkpoint()


def test_a_question_holds_within_and_the_one_around_it_after():
    with stoppable(lambda: False):
        outer = question()
        with stoppable(None):
            assert question() is None
        with pytest.raises(SupersededError), stoppable(lambda: True):
            checkpoint()
        assert question() is outer
    assert question() is None


def test_threads_have_their_own_questions():
    found = []
    with stoppable(lambda: True):
        bare, handed = Thread(target=lambda: found.append(question())), copy_context()
        bare.start()
        bare.join()
        with pytest.raises(SupersededError):
            handed.run(checkpoint)
    assert found == [None]
