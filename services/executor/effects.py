"""What the executor does to the world: one task at one product, and the package that answers an order."""

import asyncio
from collections.abc import Sequence

from schemas.executor import PackageMade, TaskFailed, TaskReported
from schemas.request import Package, TaskResult
from schemas.vocabulary import Outcome, Right
from services.executor import categories, package
from services.executor.orders import CallProduct, MakePackage
from services.executor.products import HttpProduct, ProductFault, Unreachable
from services.executor.task import BY, TaskAtProduct
from services.runtime.floor import Floor
from services.runtime.vault import Forgotten, Tampered


async def call_product(effect: CallProduct, floor: Floor) -> TaskReported | TaskFailed:
    """Does a task at its product and tells what came of it, or why nothing did. No personal data in either."""
    task = effect.task
    product = floor.catalogue().products.get(task.product)
    try:
        if product is None:
            raise Unreachable("product-unknown")
        token = floor.settings.product_token.get_secret_value()
        port = HttpProduct(product.base_url, token, floor.http, product.slug)
        done, evidence = await TaskAtProduct(effect, floor, port, product).run()
    except ProductFault as fault:
        return _failed(effect, fault.reason, fault.retryable)
    except Forgotten:
        return _failed(effect, "forgotten", retryable=False)
    except Tampered:
        return _failed(effect, "tampered", retryable=False)
    return TaskReported(effect_id=effect.id, task_id=task.id, attempt=task.attempt, leaves=done, evidence=evidence)


async def make_package(effect: MakePackage, floor: Floor) -> PackageMade:
    """The package that answers an order, from the parts its tasks left. The same parts make the same bytes.

    Raises FileNotFoundError where a part is gone, and Forgotten where its key is: the order stays owed, and is seen.
    """
    request, order, catalogue = effect.request, effect.order, floor.catalogue()
    brought = []
    for result in order.results:
        raw = b""
        if any(leaf.outcome is Outcome.DELIVERED for leaf in result.leaves):
            raw = await floor.blobs.read(request.id, f"{request.id}/part-{result.id}", by=BY, why=f"package {order.id}")
        product = catalogue.products.get(result.product)
        brought.append((result, product.name if product else result.product, raw))
    facts = package.Facts.of(request, order.id, catalogue.owners[request.owner])
    built = await asyncio.to_thread(_built, order.right, facts, brought)
    ref, digest, size = await floor.blobs.write(request.id, f"package-{order.id}.zip", built)
    return PackageMade(effect_id=effect.id, order_id=order.id, package=Package(ref=ref, sha256=digest, size=size))


def _built(right: Right, facts: package.Facts, brought: Sequence[tuple[TaskResult, str, bytes]]) -> bytes:
    if right is Right.KNOW:
        return categories.build(facts, [categories.Part.of(*each) for each in brought])
    return package.build(facts, [package.Part.of(*each) for each in brought])


def _failed(effect: CallProduct, reason: str, retryable: bool) -> TaskFailed:
    task = effect.task
    return TaskFailed(effect_id=effect.id, task_id=task.id, attempt=task.attempt, reason=reason, retryable=retryable)
