"""What the executor does to the world: one task at one product, and the package of an access order."""

import asyncio

from schemas.executor import PackageMade, TaskFailed, TaskReported
from schemas.request import Package
from schemas.vocabulary import Outcome
from services.executor import package
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
        done, evidence = await TaskAtProduct(effect, floor, port).run()
    except ProductFault as fault:
        return _failed(effect, fault.reason, fault.retryable)
    except Forgotten:
        return _failed(effect, "forgotten", retryable=False)
    except Tampered:
        return _failed(effect, "tampered", retryable=False)
    return TaskReported(effect_id=effect.id, task_id=task.id, attempt=task.attempt, leaves=done, evidence=evidence)


async def make_package(effect: MakePackage, floor: Floor) -> PackageMade:
    """The package of an access order, from the parts its tasks left. The same parts make the same bytes.

    Raises FileNotFoundError where a part is gone, and Forgotten where its key is: the order stays owed, and is seen.
    """
    request, order, catalogue = effect.request, effect.order, floor.catalogue()
    parts = []
    for result in order.results:
        raw = b""
        if any(leaf.outcome is Outcome.DELIVERED for leaf in result.leaves):
            raw = await floor.blobs.read(request.id, f"{request.id}/part-{result.id}", by=BY, why=f"package {order.id}")
        product = catalogue.products.get(result.product)
        parts.append(package.Part.of(result, product.name if product else result.product, raw))
    built = await asyncio.to_thread(
        package.build, package.Facts.of(request, order.id, catalogue.owners[request.owner]), parts
    )
    ref, digest, size = await floor.blobs.write(request.id, f"package-{order.id}.zip", built)
    return PackageMade(effect_id=effect.id, order_id=order.id, package=Package(ref=ref, sha256=digest, size=size))


def _failed(effect: CallProduct, reason: str, retryable: bool) -> TaskFailed:
    task = effect.task
    return TaskFailed(effect_id=effect.id, task_id=task.id, attempt=task.attempt, reason=reason, retryable=retryable)
