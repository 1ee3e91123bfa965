"""One task at one product: who is surely the person there, then what was ordered, for them and nobody else (R34).

Whom a task concerns is written down, encrypted, before the product is asked to act: after a crash the very same people
are asked for again, although the product may no longer find them. A task's id is the product's idempotency key.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256

import orjson
from pydantic import TypeAdapter

from schemas.catalogue import Product
from schemas.request import Contact, Correction, Leaf
from schemas.vocabulary import Right
from services.executor import leaves, never
from services.executor.answers import Candidate
from services.executor.matching import Matching, told_apart
from services.executor.orders import CallProduct
from services.executor.products import Kind, ProductFault, ProductPort
from services.runtime.floor import Floor

BY = "executor"
_CHOSEN = TypeAdapter(tuple[Candidate, ...])
_ANYTHING = TypeAdapter(object)
Done = tuple[tuple[Leaf, ...], str]
"""The leaves of a task, and the evidence."""


class StillFound(ProductFault):
    """The product says that it erased somebody, and finds them all the same. It may only be slow: ask again later."""

    retryable = True


class NothingToCorrect(ProductFault):
    """An order to correct, of a request that names no correction."""


class TaskAtProduct:
    """A task while it is done. What it knows of the person lives no longer than it does."""

    def __init__(self, effect: CallProduct, floor: Floor, port: ProductPort, product: Product) -> None:
        self.request, self.right, self.id = effect.request, effect.right, effect.task.id
        self.why = f"task {self.id}"
        self.affiliates, self.floor, self.port = effect.affiliates, floor, port
        self.product = product
        self.owner = effect.request.owner

    async def run(self) -> Done:
        """Finds, chooses, acts. Raises ProductFault, Forgotten and Tampered."""
        sealed = self.request.contact
        contact = await asyncio.to_thread(
            self.floor.vault.open_model, self.request.id, "contact", sealed, Contact, by=BY, why=self.why
        )
        identifiers = {"email": contact.email, "phone": contact.phone, "name": contact.name}
        known_by = {name: value for name, value in identifiers.items() if value}
        found = told_apart(await self.port.find(self.owner, known_by, self.affiliates))
        chosen, unclear = await self._written_down(found)
        if not chosen:
            return (leaves.left_alone(unclear) if unclear else leaves.nothing_found()), ""
        act: Mapping[Right, Callable[[], Awaitable[Done]]] = {
            Right.KNOW: lambda: self._know(chosen),
            Right.ACCESS: lambda: self._access(chosen),
            Right.DELETE: lambda: self._erase(chosen, known_by),
            Right.CORRECT: lambda: self._correct(chosen),
            Right.OPT_OUT: lambda: self._opt_out(chosen, "sharing"),
            Right.LIMIT: lambda: self._opt_out(chosen, "sensitive"),
        }
        done, evidence = await act[self.right]()
        also = leaves.left_alone(unclear) if unclear else ()
        return (done or leaves.nothing_found()) + also, evidence

    async def _written_down(self, found: Matching) -> Matching:
        """Whom the task concerns. An earlier attempt's choice stands, also if the product finds nobody any more.

        The product was asked before this looks: whoever finds nobody, because another attempt erased them, sees that
        attempt's choice.
        """
        name = f"chosen-{self.id}"
        try:
            kept = await self.floor.blobs.read(self.request.id, f"{self.request.id}/{name}", by=BY, why=self.why)
        except FileNotFoundError:
            if found.sure:
                await self.floor.blobs.write(self.request.id, name, _CHOSEN.dump_json(found.sure + found.unclear))
            return found
        return told_apart(_CHOSEN.validate_json(kept))

    async def _know(self, chosen: tuple[Candidate, ...]) -> Done:
        """What the product declares of the data sets in which it holds something of theirs. No value is asked for."""
        held = [(name, count, self.product.holding(name)) for name, count in sorted(leaves.counted(chosen).items())]
        part = [holding.model_dump(mode="json") for _, _, holding in held if holding is not None]
        told = tuple(leaves.of_knowledge(name, count, declared=holding is not None) for name, count, holding in held)
        return told, await self._part(part)

    async def _access(self, chosen: tuple[Candidate, ...]) -> Done:
        lines = await self.port.access(self.owner, self.id, _refs(chosen))
        leaves.check_accounted_for(chosen, lines)
        part, told = [], []
        for line in lines:
            records, withheld = never.masked(line.records, line.held_not_disclosed)
            told.append(leaves.of_access(line, withheld))
            part.append({"name": line.name, "records": records})
        return tuple(told), await self._part(part)

    async def _part(self, part: object) -> str:
        """Keeps what the task brought for the package, encrypted. Its digest is the task's evidence."""
        raw = orjson.dumps(part, option=orjson.OPT_SORT_KEYS)
        return (await self.floor.blobs.write(self.request.id, f"part-{self.id}", raw)).sha256

    async def _erase(self, chosen: tuple[Candidate, ...], known_by: dict[str, str]) -> Done:
        lines = await self.port.erase(self.owner, self.id, _refs(chosen))
        leaves.check_accounted_for(chosen, lines)
        told = tuple(leaves.of_erasure(line) for line in lines)
        after = await self.port.find(self.owner, known_by, self.affiliates)
        found, explained = leaves.still_held(_refs(chosen), after, told)
        if not explained:
            raise StillFound("still-found")
        return told, f"find-after={found}"

    async def _correct(self, chosen: tuple[Candidate, ...]) -> Done:
        if self.request.corrections is None:
            raise NothingToCorrect("no-corrections")
        changes = await asyncio.to_thread(
            self.floor.vault.open_model,
            self.request.id, "corrections", self.request.corrections, tuple[Correction, ...], by=BY, why=self.why,
        )  # fmt: skip
        lines = await self.port.correct(self.owner, self.id, _refs(chosen), changes)
        return tuple(leaves.of_correction(line) for line in lines), _answered(lines)

    async def _opt_out(self, chosen: tuple[Candidate, ...], kind: Kind) -> Done:
        lines = await self.port.opt_out(self.owner, self.id, _refs(chosen), kind)
        return tuple(leaves.of_opt_out(line) for line in lines), _answered(lines)


def _refs(chosen: tuple[Candidate, ...]) -> list[str]:
    return sorted(candidate.ref for candidate in chosen)


def _answered(lines: object) -> str:
    """The digest of a product's answer: counts and names of data sets, no values."""
    return sha256(_ANYTHING.dump_json(lines)).hexdigest()
