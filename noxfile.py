"""The project's checks: ``nox`` runs them all, ``nox -s NAME`` runs one, ``nox -l`` lists them."""

from __future__ import annotations

import json
import os
import re
import shutil
from itertools import chain
from pathlib import Path

import nox

# uv makes environments much faster; if it is missing, virtualenv and pip are used.
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True
nox.options.sessions = ["tests", "coverage", "lint", "types", "docs"]

ROOT = Path(__file__).parent
WHEELS = ROOT / "dist"
# More processes than cores: tests of signals, terminals and silent servers wait more than they compute.
PARALLEL = ("--numprocesses", str((3 * (os.cpu_count() or 2) + 1) // 2), "--dist", "worksteal")
PYPROJECT = nox.project.load_toml("pyproject.toml")


def group(name: str) -> tuple[str, ...]:
    """Return the requirements of one dependency group of pyproject.toml."""
    return nox.project.dependency_groups(PYPROJECT, name)


def wheel(extra: str | None = None) -> str:
    """Return the requirement of the wheel that the session ``build`` made."""
    (path,) = WHEELS.glob("*.whl")
    return f"{path}[{extra}]" if extra else str(path)


def lowest() -> list[str]:
    """Return every requirement of the package and its extras, pinned to the lowest version it allows."""
    extras = PYPROJECT["project"]["optional-dependencies"]
    requirements = [*PYPROJECT["project"]["dependencies"], *chain(*extras.values())]
    return [re.sub(r">=([^,;]+).*", r"==\1", requirement) for requirement in requirements if ">=" in requirement]


@nox.session
def build(session: nox.Session) -> None:
    """Build the source distribution, and from it the wheel that the other sessions install."""
    session.install("build", "hatchling>=1.27")
    for old in WHEELS.glob("pictory_async-*"):
        old.unlink()
    session.run("python", "-m", "build", "--no-isolation", "--outdir", str(WHEELS), silent=True)


# Tests that run with every extra only, because they take most of the time and would find the same each time. What
# they test is the same with any version of any dependency: decisions about a simulated account, files on a disk, texts,
# and the project's own tools. Other tests of the same parts run in all three sessions.
ONCE = (
    "cli/test_account.py",
    "cli/test_ages.py",
    "cli/test_batch.py",
    "cli/test_budget.py",
    "cli/test_delete.py",
    "cli/test_doctor.py",
    "cli/test_ends.py",
    "cli/test_exit_codes.py",
    "cli/test_forecast.py",
    "cli/test_input.py",
    "cli/test_job.py",
    "cli/test_json.py",
    "cli/test_library_warnings.py",
    "cli/test_listing.py",
    "cli/test_make.py",
    "cli/test_make_kill.py",
    "cli/test_media.py",
    "cli/test_night.py",
    "cli/test_output_names.py",
    "cli/test_places.py",
    "cli/test_question.py",
    "cli/test_render_cut_off.py",
    "cli/test_render_plan.py",
    "cli/test_render_stopped.py",
    "cli/test_rendering.py",
    "cli/test_reports.py",
    "cli/test_results_on_a_terminal.py",
    "cli/test_rows.py",
    "cli/test_runs.py",
    "cli/test_selecting.py",
    "cli/test_situations.py",
    "cli/test_store.py",
    "cli/test_streams.py",
    "cli/test_sync.py",
    "cli/test_sync_again.py",
    "cli/test_sync_beside.py",
    "cli/test_sync_stopped.py",
    "cli/test_tally.py",
    "cli/test_unreadable.py",
    "cli/test_wait.py",
    "cli/test_wait_downloads.py",
    "cli/test_week.py",
    "insight",
    "test_after_sleep.py",
    "test_backup_check.py",
    "test_backup_staging.py",
    "test_benchmark_page.py",
    "test_budgets.py",
    "test_cache_disk.py",
    "test_catalog.py",
    "test_completed_jobs.py",
    "test_docs.py",
    "test_docs_checks.py",
    "test_downloads_addresses.py",
    "test_downloads_at_once.py",
    "test_downloads_named.py",
    "test_downloads_owners.py",
    "test_downloads_patience.py",
    "test_downloads_unclear.py",
    "test_downloads_versions.py",
    "test_endpoints.py",
    "test_example_app.py",
    "test_example_page.py",
    "test_example_queue.py",
    "test_fairness.py",
    "test_feedback.py",
    "test_file_budget.py",
    "test_files.py",
    "test_filing.py",
    "test_freshness.py",
    "test_hints.py",
    "test_job_results.py",
    "test_job_sweep_lies.py",
    "test_job_sweeps.py",
    "test_kill.py",
    "test_layers.py",
    "test_ledger.py",
    "test_ledger_journal.py",
    "test_limits.py",
    "test_long_texts.py",
    "test_make_all.py",
    "test_make_mixups.py",
    "test_naming.py",
    "test_night_page.py",
    "test_open_watch.py",
    "test_other_models.py",
    "test_paid_jobs.py",
    "test_pictures.py",
    "test_pipeline.py",
    "test_poller.py",
    "test_poller_borders.py",
    "test_poller_many.py",
    "test_publish.py",
    "test_redis_budget.py",
    "test_refusals.py",
    "test_refusals_paid.py",
    "test_render_borders.py",
    "test_render_kill.py",
    "test_render_runs.py",
    "test_render_worlds.py",
    "test_renders.py",
    "test_request_id.py",
    "test_scheduler.py",
    "test_security_addresses.py",
    "test_service_connections.py",
    "test_shared_limiter.py",
    "test_shared_refusals.py",
    "test_shared_window.py",
    "test_snapshots.py",
    "test_sweep.py",
    "test_sweep_trust.py",
    "test_sync.py",
    "test_sync_before.py",
    "test_throttled.py",
    "test_updates.py",
    "test_versions.py",
    "test_video_requests.py",
    "test_videos_downloaded.py",
    "test_videos_lost.py",
    "test_videos_watched.py",
    "test_web_pages.py",
    "test_webhooks.py",
    "test_why_page.py",
    "test_with_options.py",
    "test_worlds.py",
    "test_writes.py",
    "testing/test_job_list.py",
)
# The core dependencies have the same versions with the extras and without them, and the contracts that `lint` checks
# say who may import an extra. So these need the oldest versions too, but not a session without the extras.
WITH_EXTRAS = (
    "test_authorities.py",
    "test_backup.py",
    "test_connections.py",
    "test_floods.py",
    "test_kept_connections.py",
    "test_limiter.py",
    "test_security_key_shown.py",
    "test_sent.py",
    "test_uploads.py",
)
LEFT_OUT = {"core": ONCE + WITH_EXTRAS, "all": (), "lowest": ONCE}


@nox.session(requires=["build"])
@nox.parametrize("dependencies", ["core", "all", "lowest"])
def tests(session: nox.Session, dependencies: str) -> None:
    """Run the tests against the wheel: with the core dependencies, with every extra, with the oldest versions."""
    pins = lowest() if dependencies == "lowest" else []
    layers = () if dependencies == "lowest" else group("layers")
    web = (*group("web"), *group("queue")) if dependencies == "all" else ()
    session.install(wheel(None if dependencies == "core" else "all"), *group("tests"), *layers, *web, *pins)
    # Without the working directory on the path, `import pictory_async` can only find the wheel.
    env = {"PICTORY_ASYNC_TEST_WHEEL": "1", "PYTHONSAFEPATH": "1"}
    left_out = [f"--ignore=tests/{name}" for name in LEFT_OUT[dependencies]]
    if dependencies == "lowest":  # it runs the same lines as "all", so they need not be counted again
        # uvloop has no lowest version, and what runs in virtual time is decided by our own code: "all" runs the same.
        chosen = ("-k", "not uvloop and not virtual")
        session.run("python", "-m", "pytest", *PARALLEL, *left_out, *chosen, *session.posargs, env=env)
        return
    data = ROOT / f".coverage.{dependencies}"
    for old in ROOT.glob(f"{data.name}*"):
        old.unlink()
    env["COVERAGE_FILE"] = str(data)
    if dependencies == "core":
        env["PICTORY_ASYNC_TRACE_ALL"] = "1"
    session.run("coverage", "run", "-m", "pytest", *PARALLEL, *left_out, *session.posargs, env=env)


@nox.session(requires=["build"])
def slow(session: nox.Session) -> None:
    """Run the tests that take minutes, at full size: kills, runs at once, a file of 1 GiB, a week."""
    session.install(wheel("all"), *group("tests"), *group("queue"))
    env = {"PICTORY_ASYNC_KILLS": "50", "PICTORY_ASYNC_ROUNDS": "2000", "PICTORY_ASYNC_DOWNLOAD_MIB": "1024"}
    env |= {"PICTORY_ASYNC_WEEK": "500", "PICTORY_ASYNC_PIPELINE": "5000", "PICTORY_ASYNC_RENDER_WORLDS": "2000"}
    env |= {"PICTORY_ASYNC_MAKE": "200", "PICTORY_ASYNC_BUDGET": "1", "PICTORY_ASYNC_QUEUE": "500"}
    names = (
        *("test_kill.py", "test_render_kill.py", "test_render_worlds.py", "test_downloads_at_once.py"),
        *("test_download_memory.py", "test_pipeline.py", "cli/test_week.py", "cli/test_make_kill.py"),
        *("test_redis_budget.py", "test_example_queue.py"),
    )
    files = [f"tests/{name}" for name in names]
    session.run("python", "-m", "pytest", *files, "-k", "not tasks", env=env | {"PYTHONSAFEPATH": "1"})


@nox.session(requires=["build"])
def rates(session: nox.Session) -> None:
    """Measure how well clients find unknown rate limits: ``-- --write docs/reliability.md`` writes the results."""
    session.install(wheel("all"), *group("tests"))
    session.run("python", "-m", "tests.lab.rates", *session.posargs)


@nox.session(requires=["build"])
def fairness(session: nox.Session) -> None:
    """Measure how calls and watches share a budget: ``-- --write docs/limits.md`` writes the results."""
    session.install(wheel("all"), *group("tests"))
    session.run("python", "-m", "tests.lab.fairness", *session.posargs)


@nox.session(requires=["build"])
def worlds(session: nox.Session) -> None:
    """Run random worlds on all cores, one per seed: ``-- --seeds 10000``, ``-- --seed 17`` or ``-- --mutants``."""
    session.install(wheel("all"), *group("tests"))
    session.run("python", "-m", "tests.lab.worlds", *session.posargs)


@nox.session(requires=["build"])
def filing(session: nox.Session) -> None:
    """Run random worlds of files on all cores, one system call at a time: ``-- --seeds 3000`` or ``-- --mutants``."""
    session.install(wheel("all"), *group("tests"))
    session.run("python", "-m", "tests.lab.filing", *session.posargs)


@nox.session(requires=["build"])
def budgets(session: nox.Session) -> None:
    """Run random worlds of shared budgets on all cores: ``-- --seeds 3000`` or ``-- --mutants``."""
    session.install(wheel("all"), *group("tests"))
    session.run("python", "-m", "tests.lab.budgets", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Combine the coverage of the test runs, and fail if a line or a branch is not covered."""
    session.install("coverage>=7.10")
    session.run("coverage", "combine", "--quiet", "--keep")
    session.run("coverage", "report")


@nox.session
def lint(session: nox.Session) -> None:
    """Check the code's style and format, and that imports go one way."""
    session.install(*group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-cache", env={"PYTHONPATH": os.fspath(ROOT)})


@nox.session(requires=["build"])
def types(session: nox.Session) -> None:
    """Check the types with mypy and pyright, and that the public types are complete."""
    session.install(wheel("all"), *group("typing"), *group("docs"), *group("terminal"))
    session.run("mypy")
    session.run("pyright")
    with session.chdir(session.create_tmp()):  # outside of the source tree, so that the installed package is checked
        session.run("pyright", "--verifytypes", "pictory_async", "--ignoreexternal")


@nox.session(requires=["build"])
def docs(session: nox.Session) -> None:
    """Build the documentation, check its links and its layout; ``docs/_build/pictures`` shows ten of its pages."""
    session.install(wheel("all"), *group("docs"))
    target = session.posargs[0] if session.posargs else os.fspath(ROOT / "docs" / "_build" / "html")
    session.run("sphinx-build", "-n", "-W", "--keep-going", "-q", "-E", "docs", target)
    pictures = os.fspath(ROOT / "docs" / "_build" / "pictures")
    session.run("python", "docs/_scripts/check_pages.py", target, pictures)


@nox.session(requires=["build"])
@nox.parametrize("engine", ["airflow", "prefect", "temporal"])
def engines(session: nox.Session, engine: str) -> None:
    """Import and type-check the examples for engines, each with the real package."""
    (requirement,) = [one for one in group("engines") if engine in one]
    (checker,) = [one for one in group("typing") if one.startswith("mypy")]
    session.install(wheel(), requirement, checker)
    folder = Path(session.create_tmp()).resolve()
    with session.chdir("docs/examples/engines"):
        env = {"AIRFLOW_HOME": os.fspath(folder), "PREFECT_HOME": os.fspath(folder)}
        session.run("python", "-W", "ignore", "-c", f"import {engine}_render", env=env)
        # Airflow's own functions have no annotations.
        session.run("mypy", "--strict", "--allow-untyped-calls", "--config-file=", f"{engine}_render.py")


@nox.session(requires=["build"])
def picture(session: nox.Session) -> None:
    """Draw the pictures of the documentation: the demo as it runs, the floors of the package, and one poll."""
    session.install(wheel("cli,simulator"))
    session.run("python", "docs/_scripts/drawings.py")
    session.run("python", "docs/_scripts/endpoints.py")
    session.run("python", "docs/_scripts/demo_picture.py")


@nox.session(requires=["build"])
def terminal(session: nox.Session) -> None:
    """Keep what the command shows on terminals, and the pages that it writes, in ``docs/_build/terminal``."""
    session.install(wheel("all"), *group("terminal"))
    session.run("python", "docs/_scripts/terminal.py", os.fspath(ROOT / "docs" / "_build" / "terminal"))


@nox.session(requires=["build"])
def churn(session: nox.Session) -> None:
    """Cancel thousands of waits over sockets, on each loop with each library: ``-- --write docs/reliability.md``."""
    session.install(wheel("all"), *group("tests"))
    session.run("python", "-m", "tests.lab.endurance.churn", *session.posargs)


@nox.session(requires=["build"])
def soak(session: nox.Session) -> None:
    """Watch 2,000 projects for ten minutes with faults; measure memory and open files: ``-- --minutes 60``."""
    session.install(wheel("all"), *group("tests"))
    session.run("python", "-m", "tests.lab.endurance.soak", *session.posargs)


@nox.session(requires=["build"])
def audit(session: nox.Session) -> None:
    """Look for known vulnerabilities in everything that the wheel and its extras install. Needs a network."""
    session.install("pip-audit")
    folder = Path(session.create_tmp())
    packages = folder / "packages"
    shutil.rmtree(packages, ignore_errors=True)
    session.install("--target", os.fspath(packages), wheel("all"))
    for service in ("pypi", "osv"):
        report = folder / f"{service}.json"
        report.unlink(missing_ok=True)
        options = ["--timeout", "10", "--progress-spinner", "off", "--format", "json", "--output", os.fspath(report)]
        command = ["pip-audit", "--path", os.fspath(packages), "--vulnerability-service", service, *options]
        said = session.run(*command, success_codes=[0, 1], silent=True)
        if report.exists():
            found = json.loads(report.read_text())["dependencies"]
            # An index without that interface knows no package, and pip-audit then finds nothing wrong.
            if any("vulns" in one for one in found):
                break
        elif not re.search(r"Timeout|Connection|resolve", str(said)):
            session.error(f"pip-audit failed:\n{said}")
    else:
        session.warn("not checked: the database could not be reached")
        return
    for one in found:
        for hole in one.get("vulns", ()):
            session.warn(f"{one['name']} {one['version']}: {hole['id']}, fixed in {', '.join(hole['fix_versions'])}")
    unknown = {one["name"] for one in found if "vulns" not in one} - {"pictory-async"}
    if unknown or any(one.get("vulns") for one in found):
        session.error(f"vulnerable: see above; not in the database: {', '.join(sorted(unknown)) or 'none'}")
    session.log(f"{len(found)} packages, no known vulnerability")


@nox.session(requires=["build"])
def bench(session: nox.Session) -> None:
    """Measure what a poll costs, compared with peers: ``-- --quick``, ``--write docs/benchmarks.md``, ``--profile``."""
    session.install(wheel("all"), *group("tests"), *group("bench"))
    session.run("python", "-m", "tests.lab.benchmarks", *session.posargs)
