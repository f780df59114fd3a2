"""The safety limit on opt-outs, asked when the reads are over and before the first of them (sync.md S1, W7)."""

from anmc.errors import SafetyStop
from anmc.rules.safety import opts_out_too_many
from anmc.sync.opt_outs import OptOuts
from anmc.sync.run import RunContext
from anmc.sync.withdrawals import Withdrawals


class ConsentPhase:
    """The opt-outs of a run, in both directions: all of them, or, beyond the limit, none."""

    def __init__(self, context: RunContext, withdrawals: Withdrawals, opt_outs: OptOuts | None, *, links: int) -> None:
        self._context = context
        self._withdrawals = withdrawals
        self._opt_outs = opt_outs
        self._links = links

    @classmethod
    async def of(cls, context: RunContext, withdrawals: Withdrawals, opt_outs: OptOuts | None = None) -> "ConsentPhase":
        """Look at how many links there are when the run begins."""
        links = (await context.memory.count_people()).linked
        return cls(context, withdrawals, opt_outs, links=links)

    async def run(self) -> None:
        """Make the opt-outs that were staged, or stop; what was approved by an earlier run goes on in any case."""
        waiting = await self._withdrawals.waiting()
        linked = await self._withdrawals.count_linked(waiting)
        linked += self._opt_outs.linked if self._opt_outs else 0
        if self._stops(linked):
            await self._withdrawals.hold(waiting)
            if self._opt_outs:
                await self._opt_outs.hold()
        elif self._context.is_dry:
            await self._withdrawals.plan(waiting)
            if self._opt_outs:
                self._opt_outs.plan()
        else:
            await self._withdrawals.approve(waiting)
            if self._opt_outs:
                await self._opt_outs.apply()
        if not self._context.is_dry:
            await self._withdrawals.apply()

    async def run_late(self) -> None:
        """Make the opt-outs that a retry after the others has brought up (W12); a run that stopped makes none."""
        if self._opt_outs is None:
            return
        if self._context.opt_out_stop is not None:
            await self._opt_outs.hold()
        elif self._context.is_dry:
            self._opt_outs.plan()
        else:
            await self._opt_outs.apply()

    def _stops(self, linked: int) -> bool:
        order = self._context.order
        if order.overrides_safety or not opts_out_too_many(
            linked, links=self._links, max_percent=order.max_opt_out_percent
        ):
            return False
        self._context.opt_out_stop = SafetyStop(
            f"The run would opt out {linked} of {self._links} linked people, more than {order.max_opt_out_percent} %; "
            "it has opted out nobody",
            limit="maxOptOutPercent",
            value=linked * 100 // max(1, self._links),
            allowed=order.max_opt_out_percent,
        )
        return True
