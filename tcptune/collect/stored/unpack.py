"""Compressed files read as they come, within bounds: nothing is written anywhere, and a bomb is not waited for."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

from tcptune.errors import CollectError

CHUNK = 1 << 16
MEMORY = 256 << 20
"""Bytes that xz may use; `xz -9` needs 65 MB to unpack."""
FREE = 32 << 20
"""Bytes that any file may unpack to."""
RATIO = 200
"""Bytes unpacked for one packed beyond which a file is a bomb; logs reach 30, zeros a thousand and more."""
HEAD = 1 << 14
"""Bytes that tell what a file is."""
ZSTANDARD = b"\x28\xb5\x2f\xfd"


class Decompressor(Protocol):
    """What the three decompressors of the standard library share; gzip's is brought to it below."""

    @property
    def eof(self) -> bool: ...  # noqa: D102
    @property
    def unused_data(self) -> bytes: ...  # noqa: D102
    @property
    def needs_input(self) -> bool: ...  # noqa: D102
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...  # noqa: D102


class Gunzip:
    """zlib's decompressor for gzip, with the interface of the other two."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self._waiting = b""

    @property
    def eof(self) -> bool:
        """Whether the end of one gzip member was reached."""
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        """What follows the member."""
        return self._zlib.unused_data

    @property
    def needs_input(self) -> bool:
        """Whether nothing is left of what was given."""
        return not self._zlib.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Up to `max_length` bytes more."""
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max(0, max_length))


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(memlimit=MEMORY)


KINDS: dict[bytes, Callable[[], Decompressor]] = {
    b"\x1f\x8b": Gunzip,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\x00": _xz,
}
"""How files of each kind begin."""


def beginning(file: BinaryIO, source: str) -> tuple[bytes, BinaryIO]:
    """How the content of a file begins once it is unpacked, and the content whole.

    CollectError where it cannot be unpacked.
    """
    head = file.read(HEAD)
    whole = Rejoined(head, file)
    if head.startswith(ZSTANDARD):
        raise CollectError(f"{source}: is packed with zstd, which is not read; try: zstd -dc FILE | tcptune audit -")
    make = next((make for magic, make in KINDS.items() if head.startswith(magic)), None)
    if make is None:
        return head, io.BufferedReader(whole, CHUNK)
    unpacked = Unpacked(whole, make, source)
    head = b""
    try:
        while len(head) < HEAD and (more := unpacked.read(HEAD)):
            head += more
    except EOFError as error:
        if not head:
            raise CollectError(f"{source}: cannot be unpacked: {error}") from None
    return head, io.BufferedReader(Rejoined(head, unpacked), CHUNK)


class Rejoined(io.RawIOBase):
    """A file whose beginning was read already, from its beginning."""

    def __init__(self, head: bytes, rest: BinaryIO | io.RawIOBase) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Some bytes more; 0 at the end."""
        data, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        data = data or self._rest.read(len(buffer)) or b""
        buffer[: len(data)] = data
        return len(data)


class Unpacked(io.RawIOBase):
    """The content of a compressed file. CollectError for a bomb, EOFError where it is cut off or damaged."""

    def __init__(self, packed: io.RawIOBase, make: Callable[[], Decompressor], source: str) -> None:
        self._packed, self._make, self._source = packed, make, source
        self._decompressor = make()
        self._read = self._written = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Some bytes more; 0 at the end."""
        data = b""
        while not data:
            if self._decompressor.eof:
                rest = self._decompressor.unused_data or self._more()
                if not rest.strip(b"\0"):  # nothing, or the padding of a tape
                    return 0
                self._decompressor = self._make()
            else:
                rest = self._more() if self._decompressor.needs_input else b""
                if not rest and self._decompressor.needs_input:
                    raise EOFError("cut off")
            try:
                data = self._decompressor.decompress(rest, len(buffer))
            except (zlib.error, lzma.LZMAError, OSError, ValueError) as error:
                raise EOFError(f"damaged: {error}") from None
        self._written += len(data)
        if self._written > FREE and self._written > RATIO * self._read:
            raise CollectError(
                f"{self._source}: unpacks to more than {RATIO} times its size and is taken for a bomb; "
                "unpack it yourself where you trust it"
            )
        buffer[: len(data)] = data
        return len(data)

    def _more(self) -> bytes:
        data = self._packed.read(CHUNK) or b""
        self._read += len(data)
        return data
