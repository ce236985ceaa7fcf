"""`python -m vaultline up | demo | migrate`."""

from __future__ import annotations

import argparse
import os
import sys

import psycopg

from libs.config import load_settings
from libs.migrations import SERVICES, MigrationError, migrate
from vaultline import demo, live_demo, up
from vaultline.settings import UpSettings, credentials, load_passwords


def main() -> int:
    """Run the subcommand; gives the exit code."""
    parser = argparse.ArgumentParser(prog="vaultline")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start everything and stay")
    demonstration = commands.add_parser("demo", help="start everything and a local chain with trading; show answers")
    demonstration.add_argument("--exit", action="store_true", help="end after showing the answers")
    demonstration.add_argument("--recording", action="store_true", help="replay a recorded protocol instead")
    commands.add_parser("migrate", help="bring DATABASE_URL up to date and end")
    arguments = parser.parse_args()
    settings = load_settings(UpSettings)
    if arguments.command == "migrate":
        return _migrate(settings)
    if arguments.command == "demo":
        return _demo(settings, recording=arguments.recording, stay=not arguments.exit)
    return up.run(settings, up.follow_and_serve)


def _demo(settings: UpSettings, *, recording: bool, stay: bool) -> int:
    # Whoever looks on wants to see windows and boards move.
    os.environ.setdefault("SNAPSHOT_INTERVAL_SECONDS", "10")
    if "DATA_DIR" not in os.environ:
        # What was made up must not mix with what `make up` keeps.
        settings = settings.model_copy(update={"data_dir": settings.data_dir / "demo"})
    if recording:
        return up.run(settings, demo.replay_and_stay if stay else demo.replay)
    return up.run(settings, live_demo.show_and_stay if stay else live_demo.show)


def _migrate(settings: UpSettings) -> int:
    if settings.database_url is None:
        print("configuration: DATABASE_URL: Field required", file=sys.stderr)
        return 2
    given = (settings.vaults_database_url, settings.analytics_database_url, settings.ingest_database_url)
    passwords: dict[str, str] = {}
    if not all(given):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        passwords = load_passwords(settings.data_dir / "secrets.json", SERVICES)
    try:
        applied = migrate(settings.database_url, credentials=credentials(settings, settings.database_url, passwords))
    except (MigrationError, psycopg.Error) as error:
        print(f"migrations: {error}", file=sys.stderr)
        return 1
    print(f"migrations: {', '.join(applied) or 'nothing to do'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
