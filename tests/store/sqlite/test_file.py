"""What SQLite's journal does about files that are torn, damaged or not its own."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from actors.facts import PaymentSettled, PaymentsPurged, PaymentTaken
from actors.ports import StoreBroken, StoreUnavailable
from rinha.store.sqlite import schema as sqlite_schema
from rinha.store.sqlite.store import SqliteStore
from rinha.store.sqlite.versions import bring_forward
from tests.support.processes import until

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME_HEADER, LOG_HEADER, PAGE = 24, 32, 4096


def ids(store: SqliteStore) -> list[int]:
    return [int.from_bytes(each.payment.payment_id) for each in store.open()]


def taken(number: int) -> PaymentTaken:
    return PaymentTaken(number.to_bytes(16), 1990, 0)


def journal(path: Path, payments: int = 2000) -> None:
    """Make a journal of many pages."""
    store = SqliteStore(str(path))
    store.append([PaymentSettled(os.urandom(16), "default", 1990, number, 0) for number in range(payments)])
    store.append([taken(1)])
    store.close()


def snapshot(directory: Path) -> dict[str, bytes]:
    """All files that hold something, but for the log's index, which is made anew each time."""
    kept = (path for path in directory.iterdir() if path.stat().st_size and not path.name.endswith("-shm"))
    return {path.name: path.read_bytes() for path in kept}


def refuse(path: Path, text: str) -> None:
    """It is refused, again and again, and nothing of it is changed."""
    before = snapshot(path.parent)
    for _ in range(2):
        store = SqliteStore(str(path))
        with pytest.raises(StoreBroken, match=text):
            store.epoch()
        with pytest.raises(StoreBroken, match=text):
            store.append([taken(9)])
        with pytest.raises(StoreBroken, match=text):
            list(store.settled())
        store.close()
    assert snapshot(path.parent) == before


def log_of_three_appends(directory: Path) -> tuple[bytes, bytes, list[int]]:
    """What a crash leaves: the file, its log of three appends (payments 1, 2, 3 to 60), the log's length after each."""
    store = SqliteStore(str(directory / "made.db"))
    store.epoch()
    lengths = []
    for numbers in ([1], [2], range(3, 61)):
        store.append([taken(number) for number in numbers])
        lengths.append((directory / "made.db-wal").stat().st_size)
    file, log = (directory / "made.db").read_bytes(), (directory / "made.db-wal").read_bytes()
    store.close()
    return file, log, lengths


def test_a_log_torn_at_any_byte_holds_all_whole_appends_and_no_part_of_another(tmp_path: Path) -> None:
    file, log, lengths = log_of_three_appends(tmp_path)
    # Every byte of the headers and around them; inside a page one byte is like another.
    borders = [0, *range(LOG_HEADER, len(log) + 1, FRAME_HEADER + PAGE)]
    cuts = {border + offset for border in borders for offset in range(-3, FRAME_HEADER + 3)}
    cuts |= set(range(0, len(log), 211))
    for cut in sorted(cut for cut in cuts if 0 <= cut <= len(log)):
        path = tmp_path / "torn.db"
        path.write_bytes(file)
        Path(f"{path}-wal").write_bytes(log[:cut])
        store = SqliteStore(str(path))
        whole = sum(length <= cut for length in lengths)
        assert ids(store) == [[], [1], [1, 2], list(range(1, 61))][whole], cut
        store.append([taken(99)])
        assert ids(store)[-1] == 99
        store.close()


@pytest.mark.parametrize("how", ["zeros", "noise"])
def test_a_torn_end_that_was_overwritten_is_left_out(tmp_path: Path, how: str) -> None:
    """Frames reach the disk in any order: the last append's first page may be missing while its last is there."""
    file, log, lengths = log_of_three_appends(tmp_path)
    for start in range(lengths[1], lengths[2], FRAME_HEADER + PAGE):
        path = tmp_path / "torn.db"
        path.write_bytes(file)
        middle = bytes(512) if how == "zeros" else os.urandom(512)
        Path(f"{path}-wal").write_bytes(log[: start + 100] + middle + log[start + 612 :])
        store = SqliteStore(str(path))
        assert ids(store) == [1, 2]
        store.close()


def damage_page(number: int) -> Callable[[Path], None]:
    def overwrite(path: Path) -> None:
        with open(path, "r+b") as file:
            file.seek((number - 1) * PAGE)
            file.write(b"\xff" * 64)

    return overwrite


def truncate(size: int) -> Callable[[Path], None]:
    return lambda path: os.truncate(path, size)


@pytest.mark.parametrize(
    ("harm", "text"),
    [
        (truncate(0), r"no SQLite database \(0 bytes\)"),
        (truncate(99), "no SQLite database"),
        (truncate(PAGE), "damaged"),
        (truncate(20 * PAGE + 1), "damaged"),
        (lambda path: path.write_text("# notes\n" * 100), "no SQLite database"),
        (damage_page(1), "no SQLite database"),
        *((damage_page(number), "damaged") for number in (2, 3, 4, 5, 6, 7, 20, 40)),
    ],
)
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, harm: Callable[[Path], object], text: str) -> None:
    path = tmp_path / "journal.db"
    journal(path)
    harm(path)
    refuse(path, text)


def test_a_damaged_file_is_left_as_it_is_with_its_log(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal(path)
    store = SqliteStore(str(path))
    store.append([taken(2)])
    copy = tmp_path / "copy"
    copy.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", copy)
    store.close()
    damage_page(40)(copy / "journal.db")
    refuse(copy / "journal.db", "damaged")


def test_a_log_without_its_file_is_refused(tmp_path: Path) -> None:
    """SQLite would take it for a leftover and delete it."""
    _, log, _ = log_of_three_appends(tmp_path)
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "journal.db-wal").write_bytes(log)
    refuse(alone / "journal.db", "is missing, but its log")


@pytest.mark.parametrize(
    ("pragma", "text"),
    [
        ("application_id = 1", "another application"),
        ("user_version = 99", "version 99, this program knows 1 to .*as new as"),
    ],
)
def test_others_databases_and_later_versions_are_refused(tmp_path: Path, pragma: str, text: str) -> None:
    path = tmp_path / "journal.db"
    journal(path, 1)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA {pragma}")
    connection.close()
    refuse(path, text)


@pytest.mark.parametrize("change", ["DROP TABLE settled_payments", "DELETE FROM journal", "DROP TABLE journal"])
def test_a_journal_that_lacks_something_is_refused(tmp_path: Path, change: str) -> None:
    path = tmp_path / "journal.db"
    journal(path, 1)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(change)
    connection.close()
    refuse(path, "damaged|lacks")


def test_a_directory_is_not_taken_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="Is a directory"):
        SqliteStore(str(tmp_path)).epoch()


def test_leavings_of_a_crash_while_it_was_made_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Path(f"{path}.new").write_bytes(b"half")
    store = SqliteStore(str(path))
    assert store.epoch() == 0
    store.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["journal.db", "journal.db.lock"]


def test_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = SqliteStore(str(path))
    store.append([taken(1)])
    assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}
    store.close()


@pytest.mark.parametrize("suffix", ["", "-wal"])
@pytest.mark.parametrize("how", ["gone", "replaced"])
def test_files_that_no_longer_stand_there_are_unavailable_until_they_are_back(
    tmp_path: Path, suffix: str, how: str
) -> None:
    path = tmp_path / "journal.db"
    store = SqliteStore(str(path))
    store.append([taken(1)])
    moved = Path(f"{path}{suffix}")
    moved.rename(tmp_path / "kept")
    if how == "replaced":
        moved.write_bytes(b"")
    for call in (store.check, lambda: store.append([taken(2)])):
        with pytest.raises(StoreUnavailable, match="put it back"):
            call()
    (tmp_path / "kept").rename(moved)
    store.check()
    store.append([taken(2)])
    assert ids(store) == [1, 2]
    store.close()


def test_a_second_worker_is_kept_out_by_whatever_path(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "journal.db"))
    store.epoch()
    (tmp_path / "link.db").symlink_to(tmp_path / "journal.db")
    second = SqliteStore(str(tmp_path / "link.db"))
    with pytest.raises(StoreUnavailable, match="in use by another worker"):
        second.epoch()
    store.close()
    assert second.epoch() == 0
    second.close()


def test_rows_of_earlier_epochs_are_removed_and_their_space_is_used_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = SqliteStore(str(path))
    sizes = []
    for epoch in range(6):
        for start in range(0, 3000, 100):
            run = [epoch * 10_000 + start + number for number in range(100)]
            store.append([PaymentTaken(each.to_bytes(16), 1, epoch) for each in run])
            store.append([PaymentSettled(each.to_bytes(16), "default", 1, 1, epoch) for each in run[:80]])
        sizes.append(path.stat().st_size + Path(f"{path}-wal").stat().st_size)
        store.append([PaymentsPurged(epoch + 1)])
    for _ in range(20):
        store.append([PaymentTaken(b"0" * 16, 1, 6)])
        store.append([PaymentSettled(b"0" * 16, "default", 1, 1, 6)])
        store.append([PaymentTaken(os.urandom(16), 1, 6)])
    reader = sqlite3.connect(path)
    rows = reader.execute(
        "SELECT (SELECT count(*) FROM settled_payments), (SELECT count(*) FROM open_payments WHERE epoch < 6)"
    ).fetchone()
    reader.close()
    store.close()
    assert rows == (1, 0)
    assert max(sizes) < 2 * sizes[1] + 5_000_000, sizes


def test_the_log_beside_the_file_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = SqliteStore(str(path))
    for number in range(3000):
        store.append([taken(number), PaymentSettled(os.urandom(16), "default", 1, 1, 0)])
    assert Path(f"{path}-wal").stat().st_size < 16_000_000
    assert len(ids(store)) == 3000
    store.close()


APPEND_MUCH = """
import sys
from actors.facts import AttemptStarted, PaymentSettled, PaymentTaken
from rinha.store.sqlite.store import SqliteStore

store = SqliteStore(sys.argv[1])
ids = [number.to_bytes(16) for number in range(20_000)]
store.append([PaymentTaken(each, 1990, 0) for each in ids])
store.append([AttemptStarted(each, "default", 1, 0) for each in ids])
store.append([PaymentSettled(each, "default", 1990, 1, 0) for each in ids])
print(sum(map(len, store.settled())))
store.close()
"""


def test_nothing_is_written_elsewhere_however_much_is_appended_at_once(tmp_path: Path) -> None:
    """In a container with a read-only root there is nowhere else."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    before_ns = elsewhere.stat().st_mtime_ns
    done = subprocess.run(
        [sys.executable, "-c", APPEND_MUCH, str(tmp_path / "journal.db")],
        env={**os.environ, "SQLITE_TMPDIR": str(elsewhere)},  # SQLite reads it once, when it is loaded
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "20000\n"
    assert elsewhere.stat().st_mtime_ns == before_ns


def test_a_reader_is_welcome_and_a_writer_holds_up_until_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rinha.store.sqlite.file.BUSY_TIMEOUT_S", 0.05)
    path = tmp_path / "journal.db"
    store = SqliteStore(str(path))
    store.append([taken(1)])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    assert other.execute("SELECT count(*) FROM open_payments").fetchone() == (1,)
    store.append([taken(2)])
    other.execute("COMMIT")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        store.append([taken(3)])
    other.execute("COMMIT")
    other.close()
    store.append([taken(4)])
    assert ids(store) == [1, 2, 4]
    store.close()


@pytest.mark.parametrize("statement", ["TAKE", "ATTEMPT", "CRASH", "SETTLE", "CLOSE", "WRITE_OFF"])
def test_an_append_reads_no_table_as_a_whole(statement: str) -> None:
    connection = sqlite3.connect(":memory:")
    bring_forward(connection, 0)
    plan = [
        row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {getattr(sqlite_schema, statement)}", (b"", "[]", 0))
    ]
    connection.close()
    assert [step for step in plan if step.startswith("SCAN") and "VIRTUAL TABLE" not in step] == []
    assert any("(epoch=? AND payment_id=?)" in step for step in plan)


def test_an_old_sqlite_is_refused_with_the_version_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 37, 2))
    with pytest.raises(StoreUnavailable, match=r"SQLite 3\.38\.0 or newer"):
        SqliteStore(str(tmp_path / "journal.db")).epoch()


class TestALongJournal:
    """Of which the bulk is checked beside the work."""

    @pytest.fixture(autouse=True)
    def all_are_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rinha.store.sqlite.checking.AT_ONCE_BYTES", 0)

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "journal.db"
        journal(path)
        return path

    def root_page(self, path: Path, table: str) -> int:
        with closing(sqlite3.connect(path)) as connection:
            (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        return int(page)

    def test_one_that_is_whole_serves(self, path: Path) -> None:
        store = SqliteStore(str(path))
        assert store.epoch() == 0
        for _ in range(3):
            store.check()
            store.append([taken(5000)])
        store.close()
        store.close()

    def test_damage_in_the_bulk_is_found_while_it_serves(self, path: Path) -> None:
        start = (self.root_page(path, "settled_payments") - 1) * PAGE
        # Of an inner page the right-most child: sqlite.org/fileformat2.html#b_tree_pages
        last_leaf = int.from_bytes(path.read_bytes()[start + 8 : start + 12])
        damage_page(last_leaf)(path)
        store = SqliteStore(str(path))
        with pytest.raises(StoreBroken, match="damaged"):
            until(store.epoch, "the damage is found")  # until then it is 0
        with pytest.raises(StoreBroken, match="damaged"):
            store.append([taken(5000)])
        store.close()

    def test_damage_elsewhere_is_found_at_once(self, path: Path) -> None:
        damage_page(self.root_page(path, "open_payments"))(path)
        refuse(path, "damaged")

    def test_closing_does_not_wait_for_the_check(self, path: Path) -> None:
        for _ in range(20):
            store = SqliteStore(str(path))
            store.epoch()
            store.close()
        assert "journal-check" not in {each.name for each in threading.enumerate()}
