"""The inner loops of the transfer search, compiled by numba.

A row of a kernel is replaced by the row below it one cell at a time. Between two such steps the
boundary between what is decided and what is open runs along a broken row, a part of the new one
and the rest of the old one, and a table over all broken rows holds the largest weight of any walk
that ends there. Setting a cell to v takes, of all values u that the cell above it may have had,

    best[…v…] = max over u of best[…u…] + weight[u, v],

where the weight depends on the cells around it (`context`). That one step, `_replace`, is all the
arithmetic of the search. It is written in LLVM's own vectors: a table has a walk from another
start row in each lane of a vector of 64 bytes, 16 of int32 or 8 of int64, so that every load is
contiguous whichever cell is replaced.

Callers guarantee the shapes: nothing here checks bounds.

Conventions: N levels, rows of `width` cells, S = N^width rows in reading order (the first cell is
the most significant digit); tables of shape (S, lanes).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from design_core.compiling import compiled
from design_core.search.block_tables import MAX_LEVELS

__all__ = [
    "VECTOR_BYTES",
    "begin",
    "block_row",
    "count_meetings",
    "exclude",
    "least",
    "meet",
    "pair_row",
    "weights_to",
]

Table = NDArray[Any]
Tally = tuple[NDArray[np.uint64], NDArray[np.float64]]

#: A vector: `VECTOR_BYTES` / itemsize lanes.
VECTOR_BYTES = 64

# What numba and LLVM bring without types.
cgutils: Any = importlib.import_module("numba.core.cgutils")
ir: Any = importlib.import_module("llvmlite.ir")
make_array: Any = importlib.import_module("numba.np.arrayobj").make_array

_AT_ONCE = 2  # values v that share each load of best[…u…]


def _intrinsic(function: Callable[..., Any]) -> Any:
    return intrinsic(function)


class _Replacement:
    """Builds the code of `_replace` and `_replace_counted`.

    Parameters
    ----------
    tables
        Tables of one entry a row, (array type, value): weights, then counts if there are any.
    weights
        The same of the table of weights.
    place, stride, n, of, slack
        The other arguments.
    """

    def __init__(
        self,
        context: Any,
        builder: Any,
        tables: Any,
        weights: Any,
        place: Any,
        stride: Any,
        n: Any,
        of: Any,
        slack: Any = None,
    ) -> None:
        self.builder, self.index = builder, place.type
        self.place, self.stride, self.n, self.slack = place, stride, n, slack
        kind = tables[0][0].dtype
        self.lanes = 8 * VECTOR_BYTES // kind.bitwidth
        self.vectors = [
            ir.VectorType(context.get_value_type(table.dtype), self.lanes) for table, _ in tables
        ]
        self.entries = [
            builder.bitcast(make_array(table)(context, builder, value).data, vector.as_pointer())
            for (table, value), vector in zip(tables, self.vectors, strict=True)
        ]
        # The old entries, out of the way of the new ones.
        self.old = [
            cgutils.alloca_once(builder, vector, size=self.index(MAX_LEVELS))
            for vector in self.vectors
        ]
        table = make_array(weights[0])(context, builder, weights[1]).data
        self.weights = builder.gep(table, [builder.mul(of, builder.mul(n, n))])
        two = ir.FunctionType(self.vectors[0], [self.vectors[0]] * 2)
        name = f"llvm.smax.v{self.lanes}i{kind.bitwidth}"
        self.larger = cgutils.get_or_insert_function(builder.module, two, name)

    def build(self) -> None:
        builder, index = self.builder, self.index
        with cgutils.for_range(builder, self.n) as loop:
            for entries, old in zip(self.entries, self.old, strict=True):
                entry = builder.load(self._at(entries, loop.index), align=8)
                builder.store(entry, builder.gep(old, [loop.index]))
        rounds = builder.sdiv(self.n, index(_AT_ONCE))
        with cgutils.for_range(builder, rounds) as loop:
            self._set(builder.mul(loop.index, index(_AT_ONCE)), _AT_ONCE)
        done = builder.mul(rounds, index(_AT_ONCE))
        with cgutils.for_range_slice(builder, done, self.n, index(1), index) as (last, _):
            self._set(last, 1)

    def _set(self, first: Any, count: int) -> None:
        """The new entries of the values first … first + count − 1."""
        builder, index = self.builder, self.index
        values = [builder.add(first, index(k)) for k in range(count)]
        tops = [cgutils.alloca_once(builder, self.vectors[0]) for _ in values]
        for value, top in zip(values, tops, strict=True):
            builder.store(self._reached(index(0), value), top)
        with cgutils.for_range_slice(builder, index(1), self.n, index(1), index) as (u, _):
            for value, top in zip(values, tops, strict=True):
                both = [builder.load(top), self._reached(u, value)]
                builder.store(builder.call(self.larger, both), top)
        for value, top in zip(values, tops, strict=True):
            builder.store(builder.load(top), self._at(self.entries[0], value), align=8)
            if self.slack is not None:
                self._count(value, builder.sub(builder.load(top), self._everywhere(self.slack)))

    def _count(self, value: Any, least: Any) -> None:
        """The new counts of a value: of the walks that reach it with at least `least`."""
        builder = self.builder
        totals = [cgutils.alloca_once(builder, vector) for vector in self.vectors[1:]]
        for vector, total in zip(self.vectors[1:], totals, strict=True):
            builder.store(vector(None), total)
        with cgutils.for_range(builder, self.n) as loop:
            hit = builder.icmp_signed(">=", self._reached(loop.index, value), least)
            for old, vector, total in zip(self.old[1:], self.vectors[1:], totals, strict=True):
                walks = builder.load(builder.gep(old, [loop.index]))
                added = builder.select(hit, walks, vector(None))
                whole = isinstance(vector.element, ir.IntType)
                add = builder.add if whole else builder.fadd
                builder.store(add(builder.load(total), added), total)
        for entries, total in zip(self.entries[1:], totals, strict=True):
            builder.store(builder.load(total), self._at(entries, value), align=8)

    def _at(self, entries: Any, value: Any) -> Any:
        builder = self.builder
        return builder.gep(entries, [builder.add(self.place, builder.mul(value, self.stride))])

    def _reached(self, u: Any, v: Any) -> Any:
        """The old weights of value u and a step from there to v."""
        builder = self.builder
        weight = builder.gep(self.weights, [builder.add(builder.mul(u, self.n), v)])
        old = builder.load(builder.gep(self.old[0], [u]))
        return builder.add(old, self._everywhere(builder.load(weight)))

    def _everywhere(self, value: Any) -> Any:
        """A vector of one value throughout."""
        builder, vector = self.builder, self.vectors[0]
        if value.type.width > vector.element.width:
            value = builder.trunc(value, vector.element)
        nothing = ir.Constant(vector, ir.Undefined)
        first = builder.insert_element(nothing, value, ir.IntType(32)(0))
        return builder.shuffle_vector(
            first, nothing, ir.VectorType(ir.IntType(32), self.lanes)(None)
        )


@_intrinsic
def _replace(
    _: Any, best: Any, _place: Any, _stride: Any, _n: Any, weights: Any, _context: Any
) -> Any:
    """best[place + v·stride] = max over u of best[place + u·stride] + weights[context, u, v]."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        table, place, stride, n, given, of = arguments
        tables = [(signature.args[0], table)]
        given = (signature.args[4], given)
        _Replacement(context, builder, tables, given, place, stride, n, of).build()
        return context.get_dummy_value()

    number = types.int64
    return types.void(best, number, number, number, weights, number), code


@_intrinsic
def _replace_counted(
    _: Any,
    best: Any,
    low: Any,
    estimate: Any,
    _place: Any,
    _stride: Any,
    _n: Any,
    weights: Any,
    _context: Any,
    _slack: Any,
) -> Any:
    """`_replace`, and how many walks reach each new entry within `slack` of the best."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place, stride, n, given, of, slack = arguments[3:]
        tables = list(zip(signature.args[:3], arguments[:3], strict=True))
        given = (signature.args[6], given)
        _Replacement(context, builder, tables, given, place, stride, n, of, slack).build()
        return context.get_dummy_value()

    number = types.int64
    return types.void(best, low, estimate, number, number, number, weights, number, number), code


@_intrinsic
def _lanes(_: Any, best: Any) -> Any:
    """Lanes of a table, as a constant: loops over them become vector instructions."""

    def code(_context: Any, _builder: Any, signature: Any, _arguments: Any) -> Any:
        return ir.IntType(64)(8 * VECTOR_BYTES // signature.args[0].dtype.bitwidth)

    return types.int64(best), code


@compiled
def _step(
    best: Table,
    tally: Tally | None,
    place: int,
    stride: int,
    n: int,
    weights: Table,
    context: int,
    slack: int,
) -> None:
    if tally is None:
        _replace(best, place, stride, n, weights, context)
    else:
        _replace_counted(best, *tally, place, stride, n, weights, context, slack)


@compiled
def pair_row(
    best: Table,
    tally: Tally | None,
    n: int,
    width: int,
    weights: tuple[Table, Table, Table],
    slack: int,
) -> None:
    """Go from each row to each row below it, in place, where all terms are of two neighbours.

    Parameters
    ----------
    weights
        Of the first cell, of those with a left neighbour (contexts: its value), and of the
        last one, whose right neighbour is the first (contexts: left · N + first).
    """
    first, middle, last = weights
    rest = n ** (width - 1)
    for place in range(rest):
        _step(best, tally, place, rest, n, first, 0, slack)
    for start in range(n):  # rows that begin alike: a block that stays in the cache
        for column in range(1, width):
            stride = n ** (width - 1 - column)
            blocks = n ** (column - 1)
            for block in range(start * blocks, (start + 1) * blocks):
                left, place = block % n, block * n * stride
                if column < width - 1:
                    for offset in range(place, place + stride):
                        _step(best, tally, offset, stride, n, middle, left, slack)
                else:
                    _step(best, tally, place, 1, n, last, left * n + start, slack)


@compiled
def block_row(
    best: Table,
    tally: Tally | None,
    here: Table,
    tally_here: Tally | None,
    reached: Table,
    counts: Tally | None,
    n: int,
    width: int,
    terms: Table,
    middle: Table,
    closing: Table,
    slack: int,
) -> None:
    """Go from each row to each row below it, where terms are of blocks of 2×2.

    Parameters
    ----------
    here, tally_here
        Room to work in, (N^(width − 1), lanes).
    reached, counts
        The result: given as the lowest weight that there is, and zeros.
    terms
        The term of the block (a, b; c, d), (N, N, N, N); `width` is at least 2.
    middle
        The same with contexts b · N + c: from a to d.
    closing
        The term of the block that joins the last column with the first, (N, N, N, N).

    Notes
    -----
    That last block holds the first cells of both rows, z above and y below, to the end: one pass
    for each z and y. The block in the corner before it is open for one cell more than a broken row
    has, n1 = the second cell below.
    """
    rest, tail = n ** (width - 1), n ** (width - 2)
    for y in range(n):
        for z in range(n):
            for second in range(n):
                _open(best, tally, here, tally_here, z * rest, tail, terms[z, :, y, second])
                for column in range(2, width):
                    # here: cells 2 … column − 1 of the new row, then column − 1 … of the old one.
                    stride = n ** (width - 1 - column)
                    for block in range(n ** (column - 2)):
                        left = second if column == 2 else block % n
                        for above in range(n):
                            place = block * n * n * stride + above * stride
                            for offset in range(place, place + stride):
                                _step(
                                    here, tally_here, offset, n * stride, n,
                                    middle, above * n + left, slack,
                                )  # fmt: skip
                for block in range(tail):
                    left = second if width == 2 else block % n
                    _close(
                        here, tally_here, block * n, closing[:, z, left, y],
                        reached, counts, y * rest + second * tail + block, slack,
                    )  # fmt: skip


@compiled
def _open(
    best: Table,
    tally: Tally | None,
    here: Table,
    tally_here: Any,
    start: int,
    tail: int,
    weights: Table,
) -> None:
    """here = the rows from `start` on, each with the weight of its second cell added."""
    for offset in range(len(here)):
        weight = weights[offset // tail]
        for lane in range(_lanes(best)):
            here[offset, lane] = best[start + offset, lane] + weight
        if tally is not None:
            for lane in range(_lanes(best)):
                tally_here[0][offset, lane] = tally[0][start + offset, lane]
                tally_here[1][offset, lane] = tally[1][start + offset, lane]


@compiled
def _close(
    here: Table,
    tally_here: Any,
    place: int,
    weights: Table,
    reached: Table,
    tally: Tally | None,
    at: int,
    slack: int,
) -> None:
    """reached[at] = the larger of itself and the largest of here[place + u] + weights[u]."""
    lanes = _lanes(here)
    if tally is None:
        for u in range(len(weights)):
            for lane in range(lanes):
                reached[at, lane] = max(reached[at, lane], here[place + u, lane] + weights[u])
        return
    low, estimate = tally
    before = reached[at].copy()
    for u in range(len(weights)):
        for lane in range(lanes):
            reached[at, lane] = max(reached[at, lane], here[place + u, lane] + weights[u])
    for lane in range(lanes):
        if before[lane] < reached[at, lane] - slack:
            low[at, lane] = 0
            estimate[at, lane] = 0
    for u in range(len(weights)):
        for lane in range(lanes):
            if here[place + u, lane] + weights[u] >= reached[at, lane] - slack:
                low[at, lane] += tally_here[0][place + u, lane]
                estimate[at, lane] += tally_here[1][place + u, lane]


@compiled
def begin(starts: NDArray[np.uint8], terms: Table) -> Table:
    """Weights of one step from each start (one a lane) to every row, (S, lanes).

    Parameters
    ----------
    starts
        Level ranks, (lanes, width).
    terms
        The term of the block (a, b; c, d) between a row and the row below it, (N, N, N, N).
    """
    n, count = len(terms), len(terms) ** starts.shape[1]
    lanes, width = starts.shape
    best = np.zeros((count, lanes), terms.dtype)
    under = np.empty((width, n, n, lanes), terms.dtype)
    for column in range(width):
        right = (column + 1) % width
        for lane in range(lanes):
            a, b = starts[lane, column], starts[lane, right]
            for c in range(n):
                for d in range(n):
                    under[column, c, d, lane] = terms[a, b, c, d]
    # Rows of two cells grow out of those of one, and so on; from the last to the first, so that
    # none is overwritten before its own have grown.
    for column in range(1, width):
        for row in range(n**column - 1, -1, -1):
            for cell in range(n - 1, -1, -1):
                for lane in range(_lanes(best)):
                    more = under[column - 1, row % n, cell, lane]
                    best[row * n + cell, lane] = best[row, lane] + more
    for row in range(count):
        for lane in range(_lanes(best)):
            best[row, lane] += under[width - 1, row % n, row // (count // n), lane]
    return best


@compiled
def weights_to(rows: NDArray[np.uint8], below: NDArray[np.uint8], terms: Table) -> Table:
    """Weights of one step from every row to the row `below`, (S,)."""
    count, width = rows.shape
    weights = np.zeros(count, terms.dtype)
    for column in range(width):
        right = (column + 1) % width
        c, d = below[column], below[right]
        for row in range(count):
            weights[row] += terms[rows[row, column], rows[row, right], c, d]
    return weights


@compiled
def least(columns: NDArray[np.float64], added: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least of the columns (K, S), each with its own number added, for every row (S,)."""
    found = np.empty(columns.shape[1])
    for row in range(len(found)):
        found[row] = columns[0, row] + added[0]
    for column in range(1, len(columns)):
        for row in range(len(found)):
            found[row] = min(found[row], columns[column, row] + added[column])
    return found


@compiled
def exclude(best: Table, classes: NDArray[np.int64], least: NDArray[np.int64]) -> None:
    """Forbid, in each lane, the rows whose class is below the least one of that lane."""
    lowest = np.iinfo(best.dtype).min // 2
    for row in range(len(best)):
        for lane in range(_lanes(best)):
            if classes[row] < least[lane]:
                best[row, lane] = lowest


@compiled
def meet(there: Table, back: Table, twice: Table) -> Table:
    """Largest weight of a walk there and back, by lane; `twice` is what both halves counted."""
    lanes = _lanes(there)
    most = np.empty(lanes, there.dtype)
    for lane in range(lanes):
        most[lane] = there[0, lane] + back[0, lane] - twice[0]
    for row in range(1, len(there)):
        for lane in range(lanes):
            most[lane] = max(most[lane], there[row, lane] + back[row, lane] - twice[row])
    return most


@compiled
def count_meetings(
    there: Table, tally: Tally, back: Table, tally_back: Tally, twice: Table, least: Table
) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    """How many walks there and back weigh at least `least`, by lane: modulo 2⁶⁴, and rounded."""
    lanes = _lanes(there)
    low, estimate = np.zeros(lanes, np.uint64), np.zeros(lanes)
    for row in range(len(there)):
        for lane in range(lanes):
            if there[row, lane] + back[row, lane] - twice[row] >= least[lane]:
                low[lane] += tally[0][row, lane] * tally_back[0][row, lane]
                estimate[lane] += tally[1][row, lane] * tally_back[1][row, lane]
    return low, estimate
