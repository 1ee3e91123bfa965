"""One standard request, walked the whole way by the public pages and APIs."""

import asyncio

from infra.demo.errand import Errand, Handler, World, client, run
from infra.demo.residents import Person


def standard_request(world: World, who: Person) -> str:
    """Access and delete, proved and approved, done to the last letter. The request's id."""
    errand = Errand(who, ("access", "delete"), "api")

    async def walk() -> None:
        handler = Handler(world, who.owner)
        async with client() as http, handler.http:
            await handler.sign_in()
            await run(errand, world, handler, http)

    asyncio.run(walk())
    assert errand.trouble == ""
    return errand.request_id
