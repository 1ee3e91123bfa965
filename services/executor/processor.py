"""What feeds the executor, and what it is made of."""

from pydantic import TypeAdapter

from schemas import topics
from schemas.cause import TimePassed
from schemas.executor import (
    ExecutionPlanned,
    OrderBegun,
    OrderCompleted,
    PackageMade,
    TaskDeferred,
    TaskFailed,
    TaskReported,
    TaskSettled,
)
from schemas.router import OwnerInstructed
from services.executor import domain, effects
from services.executor.orders import CallProduct, MakePackage
from services.runtime.service import Service

EXECUTOR = Service(
    name="executor",
    meaning="carries out what the owner approved, product by product",
    sources=(topics.events("router"), topics.inbox("executor")),
    consumes=(OwnerInstructed, TaskReported, TaskFailed, PackageMade, TimePassed),
    emits=(ExecutionPlanned, OrderBegun, TaskDeferred, TaskSettled, OrderCompleted),
    state=TypeAdapter(domain.State),
    initial=domain.Idle(),
    decide=domain.decide,
    evolve=domain.evolve,
    due=domain.due,
    perform={CallProduct: effects.call_product, MakePackage: effects.make_package},
)
