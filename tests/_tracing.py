"""Which tests coverage sees: a pytest plugin.

It makes Python 3.11 two and a half times as slow. What the tests below reach, others reach too, or the same ones in the
short session without extras, where the variable ``PICTORY_ASYNC_TRACE_ALL`` is set: the report of coverage, which must
say 100 %, shows if that is no longer so.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import coverage
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

_TESTS: Final = Path(__file__).parent

FILES: Final = {
    "cli/test_app.py",
    "cli/test_exit_codes.py",
    "cli/test_json.py",
    "cli/test_make_kill.py",
    "cli/test_sync_beside.py",
    "cli/test_week.py",
    "insight/test_html.py",
    "insight/test_many_projects.py",
    "test_answers.py",
    "test_arriving_ids.py",
    "test_asgi.py",
    "test_asgi_servers.py",
    "test_budgets.py",
    "test_codec.py",
    "test_cost.py",
    "test_docs.py",
    "test_docs_checks.py",
    "test_endpoints.py",
    "test_example_app.py",
    "test_example_page.py",
    "test_example_queue.py",
    "test_fairness.py",
    "test_hostile_input.py",
    "test_http.py",
    "test_job_sweep_order.py",
    "test_kill.py",
    "test_layers.py",
    "test_limits.py",
    "test_long_texts.py",
    "test_night_page.py",
    "test_notebook.py",
    "test_other_models.py",
    "test_packaging.py",
    "test_pipeline.py",
    "test_refusals.py",
    "test_render_all.py",
    "test_render_dates.py",
    "test_render_kill.py",
    "test_render_takeovers.py",
    "test_render_worlds.py",
    "test_security_key.py",
    "test_sent.py",
    "test_snapshots_kept.py",
    "test_videos.py",
    "test_web_pages.py",
    "test_writes.py",
}

TESTS: Final = {
    "cli/test_listing.py::test_ids_and_dates_are_never_broken",
    "cli/test_question.py::test_a_limit_below_which_nobody_asks",
    "cli/test_question.py::test_no",
    "cli/test_question.py::test_yes",
    "cli/test_render_cut_off.py::test_two_signals",
    "cli/test_render_cut_off.py::test_two_signals_at_once",
    "insight/test_similar.py::test_all_scenes_edited_and_some_in_front",
    "insight/test_similar.py::test_nearly_equal_scenes_keep_their_order",
    "test_feedback.py::test_a_few_of_them_leave_most_of_the_pace",
    "test_feedback.py::test_a_hidden_limit_is_found",
    "test_feedback.py::test_the_pace_comes_back_after_a_bad_half_hour",
    "test_hints.py::test_a_flood_of_hints_leaves_others_their_polls",
    "test_job_sweeps.py::test_a_batch_is_noticed_soon_and_with_few_requests",
    "test_ledger.py::test_several_that_make_it_at_once",
    "test_limiter.py::test_greedy_callers_with_late_timers_keep_the_promise",
    "test_poller_many.py::test_a_batch_does_not_stay_in_step",
    "test_poller_many.py::test_a_short_budget_stretches_all_intervals_alike",
    "test_security_key_shown.py::test_a_failing_call_shows_no_key",
    "test_shared_limiter.py::test_two_clients_find_the_limit_of_a_server",
    "test_snapshots.py::test_a_kill_at_any_moment",
    "test_sockets.py::test_connections_are_bounded",
    "test_sync.py::test_a_second_night_costs_the_pages_of_the_list",
    "test_videos_lost.py::test_nothing_is_requested_twice",
    "test_worlds.py::test_promises_are_kept_in_every_world",
}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Trace the lines of a test, if coverage is measured and they may be new."""
    measured = coverage.Coverage.current()
    if measured is None or not _repeats(item):
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # nor in the processes that it starts
        measured.stop()
        try:
            return (yield)
        finally:
            measured.start()


def _repeats(item: pytest.Item) -> bool:
    file, test = item.path.relative_to(_TESTS).as_posix(), item.name.partition("[")[0]
    once = not os.environ.get("PICTORY_ASYNC_TRACE_ALL")
    return "asyncio+uvloop" in item.name or (once and (file in FILES or f"{file}::{test}" in TESTS))
