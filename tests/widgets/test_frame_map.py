import json
import threading
import zlib
from types import SimpleNamespace

import numpy as np
import pytest

import vmwidgets as vm
from vmwidgets import locale
from vmwidgets.widgets import frame_map
from vmwidgets.widgets.frame_map import (
    ACTIVE,
    AHEAD,
    COMPRESSED,
    FREE,
    NOBODY,
    PRIVATE,
    SHARED,
    SHARERS,
    TABLE,
    VMM,
    FrameMap,
)

FRAMES = 1_000_000


class Provider:
    """Frames in an array; what a test changes it puts through :meth:`put`."""

    page_bytes = 4096

    def __init__(self, frames=FRAMES, seed=0):
        self.frames = frames
        self.random = np.random.default_rng(seed)
        self.code = np.full(frames, FREE << 4 | NOBODY, np.uint8)
        self.code[: frames // 50] = VMM << 4 | NOBODY
        for slot in range(3):
            first = frames // 10 + slot * frames // 5
            self.code[first : first + frames // 8] = PRIVATE << 4 | slot
        self.told = np.empty(0, np.int64)
        self.asked = 0

    def codes(self, first, count):
        self.asked += count
        return self.code[first : first + count]

    def changed(self):
        told, self.told = self.told, np.empty(0, np.int64)
        return told

    def about(self, frame):
        state, owner = divmod(int(self.code[frame]), 16)
        sharers = [("web", 7), ("database", 9)] * 20
        return {"slot": owner, "owner": "web", "gfn": 7, "state": state, "refs": 40, "sharers": sharers}

    def put(self, frames, codes):
        self.code[frames] = codes
        self.told = None if self.told is None else np.concatenate([self.told, frames])

    def touch(self, permille):
        """Change so many of the frames, scattered over all."""
        frames = np.flatnonzero(self.random.integers(0, 1000, self.frames) < permille)
        self.put(frames, self.code[frames] ^ 0x70)


class Page:
    """What the browser does with the messages, in Python."""

    def __init__(self, wire, view):
        self.wire, self.view = wire, view
        self.codes = np.empty(0, np.uint8)
        self.version, self.words, self.taken, self.seq = -1, {}, 0, 0

    def say(self, name, **content):
        self.seq += 1
        self.wire.send(self.view, name=name, seq=self.seq, **content)

    def hear(self, content, buffers):
        if "to" not in content:
            return
        self.words = content
        if content["from"] == content["to"]:
            assert not buffers
            return
        assert content["from"] in (None, self.version), "missed one"
        (data,) = buffers
        data = zlib.decompress(data) if content["packed"] else bytes(data)
        first, count = content["first"], content["count"]
        if content["from"] is None:
            self.codes = np.frombuffer(data, np.uint8).copy()
        elif first >= 0:
            self.codes[first : first + count] = np.frombuffer(data, np.uint8)
        else:
            frames = np.cumsum(np.frombuffer(data, "<u4", count))
            self.codes[frames] = np.frombuffer(data, np.uint8, count, 4 * count)
        self.version = content["to"]
        self.taken += 1


@pytest.fixture
def provider():
    return Provider()


@pytest.fixture
def view(lab, provider):
    made = FrameMap(lab, frames=provider)
    yield made
    made.close()


@pytest.fixture
def page(wire, view, clock, monkeypatch):
    """A page that has the map; it hears all messages, and draws when told to."""
    made = Page(wire, view)
    send = view.send

    def heard(content, buffers=None):
        # As JSON has them, and as a socket does: what is sent later than changed would show.
        made.hear(json.loads(json.dumps(content)), [bytes(b) for b in buffers or ()])
        send(content, buffers)

    monkeypatch.setattr(view, "send", heard)
    made.say("map")
    made.say("drawn", to=made.version)
    wire.clear()
    return made


@pytest.fixture
def clock(monkeypatch):
    """The view's clock, which a test sets; it stands still."""
    now = [0.0]
    # Not the module's function: others in this process, an event loop say, would sleep until that time came again.
    monkeypatch.setattr(frame_map, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def buffers_bytes(wire):
    return [m.bytes for m in wire if "to" in m.data.get("content", {})]


def test_the_map_comes_whole_when_it_is_asked_for_and_not_before(lab, wire, provider):
    view = FrameMap(lab, frames=provider)
    assert len(json.dumps(view.state)) < 1000, "nothing large in traits"
    wire.clear()
    provider.touch(100)
    lab.advance()
    assert not wire, "nobody has asked"
    page = Page(wire, view)
    view.send = lambda content, buffers=None: page.hear(content, buffers)
    page.say("map")
    assert np.array_equal(page.codes, provider.code)
    view.close()


def test_nothing_changed_is_no_message_at_all(lab, wire, page):
    lab.advance()
    assert not wire


@pytest.mark.parametrize("permille", [10, 1000])
def test_one_message_for_a_tick_with_what_has_changed(lab, wire, page, view, provider, permille):
    provider.touch(permille)
    lab.advance()
    sizes = buffers_bytes(wire)
    assert len(sizes) == len(wire) == 1
    assert np.array_equal(view.counts(), np.bincount(provider.code, minlength=256).reshape(16, 16)[:8])
    assert np.array_equal(page.codes, provider.code)
    # Scattered frames cost five bytes each before they are packed, all of them one.
    assert sizes[0] < {10: 5 * FRAMES // 100, 1000: FRAMES}[permille] + 1000


def test_a_single_frame_costs_less_than_a_kilobyte(lab, wire, page, provider):
    provider.put(np.array([777_777]), ACTIVE << 4 | 2)
    lab.advance()
    assert page.codes[777_777] == ACTIVE << 4 | 2
    assert sum(buffers_bytes(wire)) < 1024


def test_only_blocks_with_changes_are_read(lab, page, provider):
    provider.asked = 0
    provider.put(np.array([5, 777_777]), ACTIVE << 4)
    lab.advance()
    assert provider.asked <= 2 * 65536


def test_a_provider_may_not_know_what_has_changed(lab, page, provider):
    provider.touch(5)
    provider.told = None
    lab.advance()
    assert np.array_equal(page.codes, provider.code)


def test_while_the_page_draws_changes_are_merged(lab, wire, page, provider):
    for _tick in range(6):
        provider.touch(10)
        lab.advance()
    assert len(buffers_bytes(wire)) == AHEAD, "so many are under way"
    page.say("drawn", to=page.version)
    assert len(buffers_bytes(wire)) == AHEAD + 1
    assert np.array_equal(page.codes, provider.code)
    page.say("drawn", to=page.version)
    page.say("drawn", to=page.version)
    assert len(buffers_bytes(wire)) == AHEAD + 1, "nothing is left to send"


def test_a_change_taken_back_while_the_page_draws_is_not_sent(lab, wire, page, provider):
    for frame, code in ((3, ACTIVE << 4), (4, ACTIVE << 4), (9, ACTIVE << 4), (9, VMM << 4 | NOBODY)):
        provider.put(np.array([frame]), code)
        lab.advance()
    page.say("drawn", to=page.version)
    assert len(buffers_bytes(wire)) == AHEAD


def test_a_page_that_does_not_answer_is_waited_for_as_long_as_it_needs(lab, wire, page, provider, clock):
    for _tick in range(AHEAD):
        provider.touch(1000)
        lab.advance()
    fetching_s = buffers_bytes(wire)[-1] / frame_map.BYTES_PER_S
    for time_s, more in ((0.9 * fetching_s, 0), (fetching_s + 0.11, 1), (fetching_s + 0.12, 1), (fetching_s + 0.4, 2)):
        clock[0] = time_s
        provider.touch(1)
        lab.advance()
        assert len(buffers_bytes(wire)) == AHEAD + more
    assert np.array_equal(page.codes, provider.code)


def test_after_a_reload_the_map_is_whole_again(lab, wire, page, view, provider):
    provider.touch(10)
    lab.advance()
    page.codes, page.version = np.empty(0, np.uint8), -1
    page.say("map")
    assert np.array_equal(page.codes, provider.code)
    provider.touch(10)
    lab.advance()
    page.say("drawn", to=page.version)
    assert np.array_equal(page.codes, provider.code)


@pytest.mark.parametrize("to", [0, -5, 99, None, "7"])
def test_an_answer_to_no_version_under_way_frees_nothing(lab, wire, page, provider, to):
    for _tick in range(AHEAD + 1):
        provider.touch(1)
        lab.advance()
    page.say("drawn", to=to)
    assert len(buffers_bytes(wire)) == AHEAD


def test_counts_follow_the_frames(lab, page, view, provider):
    provider.put(np.arange(100_000, 100_300), np.repeat([TABLE << 4, SHARED << 4 | 1, COMPRESSED << 4 | 2], 100))
    lab.advance()
    expected = np.bincount(provider.code, minlength=256).reshape(16, 16)[:8]
    assert np.array_equal(view.counts(), expected)
    words = page.words
    owners = {slot: values for slot, *values in words["owners"]}
    assert owners[0] == [100, int(expected[PRIVATE, 0]), 0, 0, 0, 0]
    assert owners[1][3] == 100
    assert owners[2][4] == 100
    assert words["free"] + words["vmm"] + sum(map(sum, owners.values())) == FRAMES
    assert words["sentence"].startswith(
        f"{words['free']:,} of 1,000,000 frames are free. Frames of the virtual machines"
    )
    assert words["sentence"].endswith("100 frames are shared.")


def test_words_alone_when_only_words_have_changed(lab, wire, page, view):
    lab.configure("web", name="shop")
    told = [m for m in wire.to(view) if "to" in m.data.get("content", {})]
    assert len(told) == 1
    assert "shop" in page.words["sentence"]
    assert view.state["names"][0] == "shop"
    wire.clear()
    locale.set_language("ru")
    assert len([m for m in wire.to(view) if "to" in m.data.get("content", {})]) <= 1


def test_a_look_at_a_frame_names_some_who_share_it_and_counts_all(page, view):
    page.say("look", frame=100_000)
    assert view.looked["frame"] == 100_000
    assert view.looked["refs"] == 40
    assert view.looked["sharers"] == [["web", 7], ["database", 9]] * (SHARERS // 2)


@pytest.mark.parametrize("frame", [-1, FRAMES, 1.5, None, "3"])
def test_a_look_beyond_the_frames_is_refused_in_words(page, view, frame):
    page.say("look", frame=frame)
    assert view.error.startswith("frame is ")
    assert view.looked == {}


def test_choosing_by_message(page, view):
    page.say("select", slot=2)
    assert view.selection.vm == "burner"
    assert view.state["selected"] == 2
    for slot in (-1, 7, 99, "2", None):
        page.say("select", slot=slot)
        assert view.selection.vm == "burner"


def test_the_map_says_that_it_knows_no_past(page, view):
    assert view.state["note"] == ""
    view.selection.tick = 3
    assert "present" in view.state["note"]


def test_commands_and_answers_from_two_threads_leave_no_difference(lab, page, provider):
    over = threading.Event()

    def answer():
        while not over.is_set():
            page.say("drawn", to=page.version)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        for _tick in range(30):
            provider.touch(2)
            lab.advance()
    finally:
        over.set()
        thread.join()
    page.say("drawn", to=page.version)
    assert np.array_equal(page.codes, provider.code)


def test_sixty_four_gibibytes(wire):
    lab = vm.Lab()
    provider = Provider(2**24)
    view = FrameMap(lab, frames=provider)
    page = Page(wire, view)
    view.send = lambda content, buffers=None: page.hear(content, buffers)
    page.say("map")
    page.say("drawn", to=page.version)
    provider.put(np.array([2**24 - 1]), ACTIVE << 4)
    lab.advance()
    assert np.array_equal(page.codes, provider.code)
    view.close()


def test_repr_is_short_and_the_same_in_every_language(view):
    locale.set_language("ru")
    assert repr(view) == "<FrameMap: 1,000,000 frames of 4,096 bytes>"
