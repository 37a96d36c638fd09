"""Errors are plain data: they can be compared and pickled, and their messages say what to do."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest

from pictory_async import RenderHandle, errors
from pictory_async.models import Project

CLASSES = [
    value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, errors.PictoryError)
]

FACTS: dict[str, Any] = {
    "project_id": 17,
    "is_outdated": True,
    "polls": 3,
    "waited": 4.5,
    "project": Project(id=17, name="A project"),
    "method": "GET",
    "path": "/v2/projects/17",
    "status": 503,
    "code": "SOME_CODE",
    "retry_after": 7.0,
    "json_path": "$.videoURL",
    "fields": (errors.FieldProblem("scenes", "is empty"),),
    "max_wait": 9.0,
    "last_error": "gone",
    "job_id": "j",
    "timeout": 30.0,
    "sent": False,
    "attempts": 2,
    "handle": RenderHandle(project_id=17),
    "cause": "A reset.",
}


def make(kind: type[errors.PictoryError]) -> errors.PictoryError:
    """Make an error with every fact that its class knows."""
    known = {name: value for name, value in FACTS.items() if name in kind._names}
    return kind("What happened. What to do.", **known)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_survives_pickle_and_copy(kind: type[errors.PictoryError]) -> None:
    """Every error is equal to itself after pickling and after copying, including its facts."""
    error = make(kind)
    assert error == pickle.loads(pickle.dumps(error))
    assert error == copy.copy(error)
    assert hash(error) == hash(copy.copy(error))


def test_an_unknown_fact_is_rejected() -> None:
    """A misspelt fact raises a TypeError where the error is created."""
    with pytest.raises(TypeError, match="statsu"):
        errors.StatusError("Text.", statsu=500)  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_shows_its_message(kind: type[errors.PictoryError]) -> None:
    """``str`` is the message alone, and ``repr`` names the class."""
    error = make(kind)
    assert str(error) == "What happened. What to do."
    assert repr(error) == f"{kind.__name__}('What happened. What to do.')"
    assert error.args == ("What happened. What to do.",)


def test_errors_with_other_facts_differ() -> None:
    """Errors with the same text differ if their facts or their classes differ."""
    one, other = errors.WaitError("Text.", project_id=1), errors.WaitError("Text.", project_id=2)
    assert one != other
    assert one != errors.RenderNotStartedError("Text.", project_id=1)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.PictoryConfigError, ValueError),
        (errors.RateBudgetError, TimeoutError),
        (errors.ConnectionFailedError, ConnectionError),
        (errors.RequestTimeoutError, TimeoutError),
        (errors.NotFoundError, LookupError),
        (errors.WaitTimeoutError, TimeoutError),
    ],
)
def test_errors_are_the_builtin_ones_they_resemble(kind: type[errors.PictoryError], builtin: type[Exception]) -> None:
    """Code that catches the built-in error catches ours."""
    assert issubclass(kind, builtin)


def test_the_module_exports_every_error() -> None:
    """``errors.__all__`` names every class of the module, and the docstring has them all."""
    assert sorted(errors.__all__) == sorted([*(kind.__name__ for kind in CLASSES), "FieldProblem"])
    assert [] == [kind.__name__ for kind in CLASSES if kind.__name__ not in (errors.__doc__ or "")]
