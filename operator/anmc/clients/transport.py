"""The way that every request of both services takes: admission, gate, limits, retries."""

import asyncio
import functools
import logging
import random
import ssl
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, TypeVar

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from anmc.api.origins import Origin
from anmc.clients.calls import Answer, Call
from anmc.clients.clock import Clock
from anmc.clients.failures import (
    INVALID,
    NETWORK,
    TIMEOUT,
    CallFailed,
    Cause,
    Denied,
    Refused,
    TryFailed,
    Unreadable,
    status_code,
)
from anmc.clients.pacing import Admission
from anmc.clients.retries import MAX_TRIES, back_off, read_retry_after
from anmc.clients.service import Access, Traits
from anmc.clients.times import read_http_date, started_at
from anmc.clients.translation import translate
from anmc.clients.unpacking import read_body
from anmc.errors import OriginNotAllowed
from anmc.sync.ports import Gate, RequestMeter

T = TypeVar("T")

QUICKLY_READ: Final = 256 * 1024
"""Bytes of an answer that are parsed at once, in some twenty milliseconds; a larger one would hold up the event loop:
a page of 1000 profiles takes it a third of a second."""

# Below warning these two log URLs with their queries, and headers; a query holds people's numbers.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)


class Transport:
    """Sends calls to one origin with one credential.

    `gate` is asked right before each request, after all waiting. `jitter` returns 0 to 1. `http` replaces the
    network.
    """

    def __init__(
        self,
        traits: Traits,
        origin: Origin,
        access: Access,
        *,
        admission: Admission,
        gate: Gate,
        meter: RequestMeter,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
        http: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._traits = traits
        self._origin = origin
        self._access = access
        self._admission = admission
        self._gate = gate
        self._meter = meter
        self._clock = clock
        self._jitter = jitter
        self.calls = 0
        """Requests sent so far, retries included."""
        self._http = httpx.AsyncClient(
            headers={"Accept": traits.accept, "Accept-Encoding": "gzip", "User-Agent": "anmc", **access.headers},
            # A session of the service must not decide what a later request may see.
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            timeout=httpx.Timeout(traits.read_timeout, connect=traits.connect_timeout),
            limits=httpx.Limits(max_connections=traits.max_connections),
            verify=_tls_context(),
            transport=http,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, call: Call, read: Callable[[Answer], T]) -> T:
        """Make a call and return what `read` makes of the answer; an `Unreadable` answer is a failed try.

        Raises:
            AuthenticationFailed: the credentials are refused.
            RateLimited: still 429 after the last try.
            ServiceUnavailable: no usable answer after the last try.
            Unconfirmed: a write that must not be repeated blindly may have been applied.
            Rejected: this request is refused for good.
            OriginNotAllowed: the call would leave the origin; nothing was sent.
            Interrupted: the gate is closed.
        """
        request = self._build(call)
        retrying = AsyncRetrying(
            sleep=self._clock.sleep,
            stop=stop_after_attempt(MAX_TRIES),
            wait=back_off(self._traits.first_wait, self._jitter),
            retry=retry_if_exception(lambda error: isinstance(error, TryFailed) and call.repeat.allows(error)),
            before_sleep=self._report_wait,
            reraise=True,
        )
        attempt: Callable[[], Awaitable[T]] = functools.partial(self._try, call, request, read)
        try:
            return await retrying(attempt)
        except CallFailed as failed:
            error = translate(failed, call, self._traits, self._access)
        raise error  # outside of the handler: nothing of the failed try is chained to it

    def _build(self, call: Call) -> httpx.Request:
        request = self._http.build_request(
            call.method,
            f"{self._origin}{call.target}",
            content=call.body.content if call.body else None,
            headers={"Content-Type": call.body.content_type} if call.body else None,
        )
        if not str(request.url).startswith(f"{self._origin}/"):
            raise OriginNotAllowed(f"A request was about to leave {self._origin} and was not sent")
        return request

    async def _try(self, call: Call, request: httpx.Request, read: Callable[[Answer], T]) -> T:
        service, operation = self._traits.service, call.operation
        asked_at = self._clock.monotonic()
        async with self._admission.slot():
            began = self._clock.monotonic()
            if began > asked_at:
                self._meter.waited(service, "pacing", began - asked_at)
            self._gate()
            call.on_sent()
            self.calls += 1
            self._meter.sent(service, operation)
            code = NETWORK  # what a cancelled request counts as
            try:
                answer = await self._exchange(request, began)
                content = await _read(answer, read)
            except CallFailed as failed:
                code = failed.code
                raise
            else:
                code = answer.code
                return content
            finally:
                self._meter.answered(service, operation, code=code, seconds=self._clock.monotonic() - began)

    async def _exchange(self, request: httpx.Request, began: float) -> Answer:
        """Send once; every failure of the library becomes ours here, without its text."""
        try:
            async with asyncio.timeout(self._traits.deadline):
                response = await self._http.send(request, stream=True)
                try:
                    return await self._receive(response, began)
                finally:
                    await response.aclose()
        except (httpx.ConnectTimeout, httpx.PoolTimeout):
            failure = TryFailed(Cause.TIMEOUT, TIMEOUT, is_unsent=True)
        except (httpx.TimeoutException, TimeoutError):
            failure = TryFailed(Cause.TIMEOUT, TIMEOUT, is_unsent=False)
        except (httpx.ConnectError, httpx.ProxyError):
            failure = TryFailed(Cause.NETWORK, NETWORK, is_unsent=True)
        except httpx.HTTPError:
            failure = TryFailed(Cause.NETWORK, NETWORK, is_unsent=False)
        except Unreadable:
            failure = TryFailed(Cause.INVALID, INVALID, is_unsent=False)
        raise failure

    async def _receive(self, response: httpx.Response, began: float) -> Answer:
        status, headers = response.status_code, response.headers
        code = status_code(status)
        if status in {401, 403} or 300 <= status < 400:
            raise Denied(code, how=str(status))
        if status in {408, 429} or status >= 500:
            their_now = read_http_date(headers.get("Date")) or self._clock.now()
            raise TryFailed(
                Cause.RATE_LIMITED if status == 429 else Cause.SERVER_ERROR,
                code,
                is_unsent=status == 429,
                retry_after=read_retry_after(headers.get("Retry-After"), now=their_now),
            )
        body = await read_body(response.aiter_raw(), encoding=headers.get("Content-Encoding"))
        if status >= 400:
            phrase = self._traits.denial_phrase
            raise Denied(code, how=str(status)) if phrase and phrase in body else Refused(code)
        return Answer(
            code=code,
            body=body,
            content_type=headers.get("Content-Type", ""),
            read_at=started_at(
                headers.get("Date"),
                received_at=self._clock.now(),
                duration=timedelta(seconds=self._clock.monotonic() - began),
            ),
        )

    def _report_wait(self, state: RetryCallState) -> None:
        failure = state.outcome.exception() if state.outcome else None
        if not isinstance(failure, TryFailed):
            return
        self._meter.retried(self._traits.service, failure.cause.value)
        is_refusal = failure.cause is Cause.RATE_LIMITED or failure.retry_after is not None
        if is_refusal and state.next_action is not None:
            self._meter.waited(self._traits.service, "refused", state.next_action.sleep)


async def _read(answer: Answer, read: Callable[[Answer], T]) -> T:
    try:
        return read(answer) if len(answer.body) <= QUICKLY_READ else await asyncio.to_thread(read, answer)
    except Unreadable:
        pass  # raised below, outside of the handler, so that nothing of the answer is chained to it
    raise TryFailed(Cause.INVALID, INVALID, is_unsent=False)


@functools.cache
def _tls_context() -> ssl.SSLContext:
    """Load the trusted certificates once: it takes long enough to hold up the event loop at every run.

    `SSL_CERT_FILE` applies here, as `HTTPS_PROXY` and `NO_PROXY` do in the client (operations.md 13).
    """
    return httpx.create_ssl_context(trust_env=True)
