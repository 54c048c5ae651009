"""Numbers that outlive the process which counts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
from typing import Any

import pytest
from seldon_runtime.metrics.cells import Cells, SharedSlots
from seldon_runtime.metrics.table import SIZE, Table, read

TINY = 4096


def forking(code: str) -> Any:
    """Run ``code`` in a process that may fork, with what the tests of several processes need."""
    prelude = """
    import json, os, signal, sys
    from seldon_runtime.component.unit import Unit
    from seldon_runtime.metrics.cells import SharedSlots
    from seldon_runtime.metrics.recorder import Recorder
    from seldon_runtime.metrics.summed import families_of

    def worker(slots, act):
        slot = slots.take()
        if not (pid := os.fork()):
            try:
                act(Recorder(Unit(), slots.cells(slot), slots))
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        slots.free(slot)
        return pid

    def numbers(slots):
        families = families_of(slots.tables(), (), ())
        return {
            family.name: sum(point.value for one in family.series for point in one.points[-1:])
            for family in families
        }

    def killed(*_):
        os.kill(os.getpid(), signal.SIGKILL)
    """
    program = textwrap.dedent(prelude) + textwrap.dedent(code)
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert not run.returncode, run.stderr
    return json.loads(run.stdout)


def numbers_of(cells: Cells) -> dict[bytes, list[float]]:
    (table,) = cells.tables()
    return {key: list(numbers) for key, numbers in table.numbers}


def test_a_key_keeps_its_place() -> None:
    cells = Cells()
    first = cells.index(b"a", 3)
    second = cells.index(b"b")
    assert first is not None
    assert second is not None
    cells.values[first + 2] += 5
    cells.values[second] += 7

    assert (cells.index(b"a", 3), numbers_of(cells)) == (first, {b"a": [0, 0, 5], b"b": [7]})


def test_a_table_is_taken_over_with_what_stands_in_it() -> None:
    buffer = memoryview(bytearray(TINY))
    before = Cells(buffer)
    index = before.index(b"requests")
    assert index is not None
    before.values[index] += 41
    after = Cells(buffer)
    after.values[after.index(b"requests") or 0] += 1

    assert numbers_of(after) == {b"requests": [42.0]}


def test_a_record_that_was_never_finished_is_written_over_with_zeros() -> None:
    buffer = memoryview(bytearray(TINY))
    cells = Cells(buffer)
    used = buffer.cast("Q")[0]
    cells.values[cells.index(b"killed before this was said") or 0] = 9
    buffer.cast("Q")[0] = used
    after = Cells(buffer)
    after.index(b"another that is as long as that")

    assert numbers_of(after) == {b"another that is as long as that": [0.0]}


def test_a_full_table_says_so_and_keeps_what_it_has() -> None:
    cells = Cells(memoryview(bytearray(TINY)))
    given = [cells.index(b"key %d" % number) for number in range(1000)]

    assert None in given
    assert len(numbers_of(cells)) == given.index(None)
    assert all(index is None for index in given[given.index(None) :])


def test_what_is_limited_leaves_room_for_what_is_not() -> None:
    cells = Cells(memoryview(bytearray(TINY)))
    while cells.index(os.urandom(8), reserved=100):
        pass

    assert cells.index(b"ours", 50) is not None


def test_there_is_a_limit_to_how_many_may_be_added() -> None:
    cells = Cells(most=2)
    given = [cells.index(key, reserved=1) for key in (b"a", b"b", b"c", b"a")]

    assert [index is None for index in given] == [False, False, True, False]


def test_a_reader_finds_whole_records_while_another_thread_writes() -> None:
    buffer = memoryview(bytearray(SIZE))
    cells = Cells(buffer)
    writing = threading.Thread(target=lambda: [cells.index(b"key %d" % n, 3) for n in range(2000)])
    writing.start()
    seen: list[Table] = []
    while writing.is_alive():
        seen.append(read(buffer, 1))
    writing.join()

    keys = [[key for key, _ in table.numbers] for table in seen]
    assert all(found == [b"key %d" % n for n in range(len(found))] for found in keys)


def test_the_lowest_slot_that_is_free_comes_first() -> None:
    slots = SharedSlots(4, TINY)
    taken = [slots.take() for _ in range(3)]
    slots.free(1)

    assert ([*taken, slots.take(), slots.take()]) == [0, 1, 2, 1, 3]


def test_only_slots_that_were_taken_are_read() -> None:
    slots = SharedSlots(64)
    slots.cells(slots.take())

    assert [table.owner for table in slots.tables()] == [os.getpid()]


def test_more_workers_than_slots_still_count() -> None:
    slots = SharedSlots(1, TINY)
    slots.take()
    cells = slots.cells(slots.take())
    cells.values[cells.index(b"a") or 0] += 1

    assert (b"a", [1.0]) in [found for table in slots.tables() for found in table.numbers]


def test_slots_touch_memory_only_where_they_are_used() -> None:
    grown = forking(
        """
        def resident():
            return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        before = resident()
        slots = SharedSlots()
        slots.cells(slots.take()).index(b"a")
        slots.tables()
        print(resident() - before)
        """
    )

    assert grown < 1 << 20


@pytest.mark.parametrize("end", ["lambda r: None", "killed"])
def test_counters_never_go_backwards_however_a_worker_ends(end: str) -> None:
    seen = forking(
        f"""
        def act(recorder):
            recorder.began("rest")
            recorder.ended("predict", "rest", "200", 0.001)
            recorder.custom([{{"type": "COUNTER", "key": "mine", "value": 2}}], "predict")
            recorder.reward(-1.5)
            ({end})(recorder)

        slots, seen = SharedSlots(), []
        for _ in range(3):
            worker(slots, act)
            seen.append(numbers(slots))
        print(json.dumps(seen))
        """
    )
    names = ("seldon_api_server_requests", "mine", "seldon_api_model_feedback_reward_total")

    assert [[one[name] for name in names] for one in seen] == [[1, 2, -1.5], [2, 4, -3], [3, 6, -4.5]]


def test_what_a_dead_worker_had_in_its_hands_is_forgotten() -> None:
    seen = forking(
        """
        def act(recorder):
            recorder.began("rest")
            recorder.began("rest")
            recorder.custom([{"type": "GAUGE", "key": "level", "value": 3}], "predict")
            killed()

        def another(recorder):
            recorder.began("rest")
            # Both are seen from the worker that lives.
            print(json.dumps(numbers(slots)))
            sys.stdout.flush()

        slots = SharedSlots()
        worker(slots, act)
        assert "level" not in numbers(slots)
        assert "seldon_api_server_requests_in_flight" not in numbers(slots)
        worker(slots, another)
        """
    )

    assert "level" not in seen
    assert seen["seldon_api_server_requests_in_flight"] == 1


def test_counters_are_summed_and_gauges_kept_apart() -> None:
    seen = forking(
        """
        def act(recorder):
            recorder.custom([{"type": "GAUGE", "key": "level", "value": 3}], "predict")
            recorder.custom([{"type": "COUNTER", "key": "mine", "value": 3}], "predict")

        slots, pipes, pids = SharedSlots(), [], []
        for _ in range(3):
            slot, (read_end, write_end), (told, tell) = slots.take(), os.pipe(), os.pipe()
            if not (pid := os.fork()):
                act(Recorder(Unit(), slots.cells(slot), slots))
                os.write(tell, b"x")
                os.close(write_end)
                os.read(read_end, 1)
                os._exit(0)
            os.read(told, 1)
            pids.append(pid)
            pipes.append((read_end, write_end))
        found = {family.name: family for family in families_of(slots.tables(), (), ())}
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        gauges = [dict(one.labels)["worker_id"] for one in found["level"].series]
        print(json.dumps([gauges == [str(pid) for pid in pids], numbers(slots)["mine"]]))
        """
    )

    assert seen == [True, 9]
