# SPDX-License-Identifier: Apache-2.0
"""A network cable for the board in QEMU that loses frames, can be unplugged, and counts.

QEMU hands it every frame (filter-redirector) and sends on what comes back. Which frames are lost is decided by
a seed and a frame's number on its way, so a run with the same traffic loses the same frames.
"""
import dataclasses
import pathlib
import queue
import random
import shutil
import socket
import struct
import tempfile
import threading


@dataclasses.dataclass
class Count:
    passed: int = 0
    lost: int = 0


class Way:
    """One direction: takes frames from one socket of QEMU's and puts them into another."""

    def __init__(self, directory, name, lose):
        self.count = Count()
        self._lose = lose
        self._listeners = []
        for end in ('out', 'in'):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(directory / f'{name}{end}'))
            listener.listen(1)
            self._listeners.append(listener)
        # Reading never waits for writing: QEMU, which does both in one thread, would wait for itself.
        self._frames = queue.Queue()
        self._threads = [threading.Thread(target=work, args=[listener], daemon=True) for work, listener
                         in zip((self._take, self._put), self._listeners)]
        for thread in self._threads:
            thread.start()

    def _take(self, listener):
        with connection_of(listener) as source:
            while frame := read_frame(source):
                if self._lose():
                    self.count.lost += 1
                else:
                    self.count.passed += 1
                    self._frames.put(frame)
        self._frames.put(None)

    def _put(self, listener):
        with connection_of(listener) as sink:
            while frame := self._frames.get():
                try:
                    sink.write(struct.pack('>I', len(frame)) + frame)
                    sink.flush()
                except OSError:
                    return  # The emulator has ended.

    def inject(self, frame):
        self._frames.put(frame)

    def close(self):
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self._frames.put(None)
        for thread in self._threads:
            thread.join(5)


def connection_of(listener):
    """What connects first, as a file; an empty one if the listener is closed before."""
    try:
        connection, _ = listener.accept()
    except OSError:
        return open('/dev/null', 'r+b', buffering=0)
    with connection:
        return connection.makefile('rwb')


def read_frame(source):
    """The next frame, each preceded by its length; empty at the end, also one in a frame."""
    try:
        header = source.read(4)
        if len(header) < 4:
            return b''
        length, = struct.unpack('>I', header)
        frame = source.read(length)
    except OSError:
        return b''
    return frame if len(frame) == length else b''


class Wire:
    """A cable. A context; start it before QEMU, and end it after.

    loss: share of frames that are lost, each way. unplugged: while it is true, all of them.
    """

    def __init__(self, loss=0.0, seed=0):
        self.unplugged = False
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix='wire'))
        self._from_board = Way(self._directory, 'rx', self._chance(loss, f'{seed} from'))
        self._to_board = Way(self._directory, 'tx', self._chance(loss, f'{seed} to'))

    def _chance(self, loss, seed):
        dice = random.Random(seed)
        # Thrown for every frame, so that a cable that was out does not change which are lost later.
        return lambda: (dice.random() < loss) or self.unplugged

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._from_board.close()
        self._to_board.close()
        shutil.rmtree(self._directory)

    @property
    def from_board(self):
        return self._from_board.count

    @property
    def to_board(self):
        return self._to_board.count

    def inject(self, frame):
        """Puts a frame of somebody else's on the way to the board. It is not lost, and not counted."""
        self._to_board.inject(frame)

    def options(self, network):
        """QEMU's options that put the cable into a network, named by the `id` of its -nic."""
        options = []
        for name in ('rxin', 'rxout', 'txout', 'txin'):
            options += ['-chardev', f'socket,id={name},path={self._directory / name}']
        # What comes back on queue rx passes the filters behind the one that lets it in. Were the one that takes
        # frames out among those, they would go round for ever.
        for number, (way, end) in enumerate((('rx', 'in'), ('rx', 'out'), ('tx', 'out'), ('tx', 'in'))):
            options += ['-object', f'filter-redirector,id=wire{number},netdev={network},queue={way},'
                                   f'{end}dev={way}{end}']
        return options
