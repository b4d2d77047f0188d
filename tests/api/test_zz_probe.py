from domain.sync.tables import LockEvent
async def test_probe(served):
    house = await served.site()
    entry = await house.lock()
    await house.device(entry)
    print(await house.change("remoteUnlock", "... on AccessDenied { reasons }", lockId=entry["lockId"]))
    for e in await LockEvent.all().order_by("number"): print(e.number, e.kind, e.command_id, e.reasons, e.method)
