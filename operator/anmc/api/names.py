"""Names that users, manifests and reports rely on: each closed set of the API (api.md).

The value of a member is what goes over the wire. The sentence below a member defines it.
"""

from enum import StrEnum, unique
from typing import Final

GROUP: Final = "anmc.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"

INTEGRATION_KIND: Final = "DataSyncIntegration"
INTEGRATION_PLURAL: Final = "datasyncintegrations"
REPORT_KIND: Final = "SyncReport"
REPORT_PLURAL: Final = "syncreports"

PUSH_REQUEST_ANNOTATION: Final = "anmc.io/push-requested-at"
"""A token that differs from `status.push.lastHandledRequest` starts one push (api.md 5)."""
PULL_REQUEST_ANNOTATION: Final = "anmc.io/pull-requested-at"
"""A token that differs from `status.pull.lastHandledRequest` starts one pull."""
FULL_PULL_REQUEST_ANNOTATION: Final = "anmc.io/full-pull-requested-at"
"""A token that differs from `status.pull.lastHandledFullRequest` starts one pull of the whole list."""
SAFETY_OVERRIDE_ANNOTATION: Final = "anmc.io/safety-override"
"""A token that differs from `status.lastHandledSafetyOverride` lets the next run pass its limits once."""

INTEGRATION_LABEL: Final = "anmc.io/integration"
"""On a SyncReport: the name of its integration."""
DIRECTION_LABEL: Final = "anmc.io/direction"
"""On a SyncReport: `push` or `pull`."""
RESULT_LABEL: Final = "anmc.io/result"
"""On a SyncReport: the run's result in lower case, such as `partiallysucceeded`."""
CREDENTIALS_LABEL: Final = "anmc.io/credentials"
"""On a Secret: `true` makes a rotation known at once instead of at the next run."""


@unique
class Direction(StrEnum):
    """Which way a run carries data."""

    PUSH = "Push"
    """Mobile Commons to Action Network, every few minutes."""
    PULL = "Pull"
    """Action Network to Mobile Commons, at night."""


@unique
class Mode(StrEnum):
    """Whether a direction writes."""

    APPLY = "Apply"
    """Decide and write."""
    DRY_RUN = "DryRun"
    """Decide and report; write to neither service."""


@unique
class Trigger(StrEnum):
    """Why a run started."""

    SCHEDULE = "Schedule"
    """The interval has passed or the nightly time has come."""
    REQUEST = "Request"
    """A request annotation holds a token not handled yet."""
    RETRY = "Retry"
    """The run before it failed or was interrupted."""
    CATCH_UP = "CatchUp"
    """A night was missed by no more than the starting deadline."""
    ACTIVATION = "Activation"
    """The first run after the integration became active."""


@unique
class RunResult(StrEnum):
    """How a run ended."""

    SUCCEEDED = "Succeeded"
    """Every record was handled."""
    PARTIALLY_SUCCEEDED = "PartiallySucceeded"
    """The run reached its end, and some records failed; they are tried again."""
    FAILED = "Failed"
    """The run stopped before its end."""
    INTERRUPTED = "Interrupted"
    """The run was cut short from outside: shutdown, deactivation, an edited spec; the next one resumes."""
    DRY_RUN = "DryRun"
    """The run reached its end and, as wished, wrote nothing."""


@unique
class SyncType(StrEnum):
    """Whose profile data the pull carries."""

    CONSERVATIVE = "Conservative"
    """Only people whose opt-in field is true get a new profile."""
    LIBERAL = "Liberal"
    """Everybody with a mobile number gets profile data; subscribing still needs a true opt-in."""


@unique
class InitialSync(StrEnum):
    """What the first pull reads."""

    WINDOW = "Window"
    """The normal look-back."""
    LINK_ONLY = "LinkOnly"
    """Everybody, to link and fill, never to subscribe."""
    FULL = "Full"
    """Everybody, with opt-ins under the daily cap."""


@unique
class MappingDirection(StrEnum):
    """Which runs carry a mapped field."""

    BOTH = "Both"
    """Push and pull."""
    PULL = "Pull"
    """Action Network to Mobile Commons only."""
    PUSH = "Push"
    """Mobile Commons to Action Network only."""


@unique
class OnConflict(StrEnum):
    """Who wins when both sides changed a field since they last agreed."""

    HOLD = "Hold"
    """Nobody: the record is a Field Conflict and nothing is written."""
    ACTION_NETWORK = "ActionNetwork"
    """The value of Action Network."""
    MOBILE_COMMONS = "MobileCommons"
    """The value of Mobile Commons."""
    NEWEST = "Newest"
    """The value of the side that was modified last."""


@unique
class SendWindowZone(StrEnum):
    """Whose clock the send window follows."""

    RECIPIENT = "Recipient"
    """Every zone of the number's area code; the integration's zone when there is none."""
    INTEGRATION = "Integration"
    """`spec.pull.timeZone`."""


@unique
class Category(StrEnum):
    """Where a record ends that a run has read; exactly one each (api.md 4.1, sync.md O1).

    The order is that of a report's summary: the vendor's ten, then ours.
    """

    DEFERRED_SUBSCRIPTION = "DeferredSubscription"
    """The person asked to be subscribed, and Mobile Commons waits for the reply to its text."""
    FIELD_CONFLICT = "FieldConflict"
    """Both sides changed a field and the mapping holds such changes."""
    NO_NEW_CHANGES = "NoNewChanges"
    """The version of the record that was handled before."""
    NO_DIFFERENCE = "NoDifference"
    """The record was touched, and both sides already agree."""
    UNABLE_TO_UPDATE = "UnableToUpdate"
    """Mobile Commons did not take the write."""
    NO_IMPORT = "NoImport"
    """The person of Action Network may not become a profile."""
    NO_EXPORT = "NoExport"
    """The profile of Mobile Commons may not become a person."""
    SKIPPED_MEMBERS = "SkippedMembers"
    """It is not clear which record belongs to which."""
    VALIDATION_ERROR = "ValidationError"
    """The credentials were refused before the record could be finished."""
    PROCESSING_ERROR = "ProcessingError"
    """Action Network did not take the write, or the record could not be read."""
    IMPORTED = "Imported"
    """A profile was created in Mobile Commons."""
    EXPORTED = "Exported"
    """A person was created in Action Network."""
    UPDATED_IN_MOBILE_COMMONS = "UpdatedInMobileCommons"
    """Fields of a profile were written."""
    UPDATED_IN_ACTION_NETWORK = "UpdatedInActionNetwork"
    """Fields of a person were written, a true opt-in among them."""
    SUBSCRIBED = "Subscribed"
    """The opt-in path was used and the profile is a member now."""
    OPTED_OUT_IN_MOBILE_COMMONS = "OptedOutInMobileCommons"
    """A withdrawal was carried to Mobile Commons."""
    OPTED_OUT_IN_ACTION_NETWORK = "OptedOutInActionNetwork"
    """The opt-in field was set to false after an opt-out in Mobile Commons."""
    LINKED = "Linked"
    """Profile and person were found to be the same, and nothing else was written."""
    HELD = "Held"
    """A rule keeps back the change; nothing was written."""


@unique
class Reason(StrEnum):
    """Why a record ended in its category; the closed list of sync.md section 8."""

    APPLIED = "Applied"
    """Done."""
    PLANNED = "Planned"
    """Would be done, if this were no dry run."""
    UNCHANGED = "Unchanged"
    """The version already handled."""
    NOTHING_TO_CARRY = "NothingToCarry"
    """The record was touched and nothing mapped differs."""
    OWN_WRITE = "OwnWrite"
    """Our own write came back."""
    NOT_SUBSCRIBED = "NotSubscribed"
    """The profile has neither a subscription nor a link."""
    PHONE_MISSING = "PhoneMissing"
    """The record has no number."""
    INVALID_PHONE = "InvalidPhone"
    """The number is unusable: an extension, junk, or a guess abroad."""
    COUNTRY_NOT_ALLOWED = "CountryNotAllowed"
    """The number's country is not in `spec.allowedCountryCodes`."""
    NOT_OPTED_IN = "NotOptedIn"
    """The opt-in box is not ticked."""
    OPT_IN_FIELD_UNREADABLE = "OptInFieldUnreadable"
    """The opt-in field holds text that is neither yes nor no: correct it in Action Network."""
    REQUIRED_FIELD_EMPTY = "RequiredFieldEmpty"
    """A field that the mapping requires is empty: fill it, or drop `required`."""
    EMAIL_MISSING = "EmailMissing"
    """Action Network wants an e-mail: give one, or set `createWithoutEmail`."""
    OPT_OUT_WITHOUT_MATCH = "OptOutWithoutMatch"
    """Opted out and unknown in Action Network; the opt-out is remembered."""
    SEVERAL_MATCHES = "SeveralMatches"
    """Several records fit: merge or correct the duplicates."""
    EMAIL_SHARED = "EmailShared"
    """Several records hold the e-mail address: correct the duplicates."""
    OPT_OUT_APPLIED_TO_ALL = "OptOutAppliedToAll"
    """Several people hold the number; the opt-in field of each was set to false."""
    ID_AND_PHONE_DISAGREE = "IdAndPhoneDisagree"
    """Constituent id and number name different people: correct the column."""
    EMAIL_MATCH_HAS_OTHER_PHONE = "EmailMatchHasOtherPhone"
    """Action Network has the e-mail with another number: decide which is right."""
    PHONE_MOVED = "PhoneMoved"
    """The number went to another person: confirm it."""
    PHONE_CHANGED = "PhoneChanged"
    """The number of a linked person changed: confirm it."""
    BOTH_CHANGED = "BothChanged"
    """Both sides changed the field: make them equal, or set `onConflict`."""
    FIRST_LINK_DIFFERS = "FirstLinkDiffers"
    """The two records differed when they were first linked: make them equal, or set `onConflict`."""
    PERSON_MERGED = "PersonMerged"
    """The link follows the person that survived a merge."""
    PERSON_GONE = "PersonGone"
    """The person was deleted in Action Network: restore, or leave."""
    PROFILE_DELETED = "ProfileDeleted"
    """The profile was deleted in Mobile Commons; the person may come back by text."""
    PREVIOUSLY_OPTED_OUT = "PreviouslyOptedOut"
    """Only the person's own text or web opt-in brings them back."""
    REFUSED_BY_VENDOR = "RefusedByVendor"
    """Mobile Commons accepted the opt-in call and subscribed nobody."""
    SUPPRESSED = "Suppressed"
    """Found active against the ledger: ask who activated the number again."""
    FLAG_AND_STATUS_DIFFER = "FlagAndStatusDiffer"
    """Action Network shows an SMS opt-out while the box is ticked: untick it."""
    OPT_IN_STATUS_DIFFERS = "OptInStatusDiffers"
    """Action Network says no, Mobile Commons says active, no date decides: ask the person."""
    OPT_IN_IS_NEWER = "OptInIsNewer"
    """The withdrawal is older than the person's own act, so the box is ticked again."""
    WITHDRAWAL_REVOKED = "WithdrawalRevoked"
    """The withdrawal was taken back before it was applied."""
    OPT_OUT_NOT_CARRIED = "OptOutNotCarried"
    """Withdrawn in Action Network; the spec keeps it there."""
    CONSENT_CONTRADICTORY = "ConsentContradictory"
    """Active beside a newer opt-out, so taken as out: check in Mobile Commons."""
    ALREADY_SUBSCRIBED = "AlreadySubscribed"
    """A member already, who gets no second welcome."""
    AWAITING_CONFIRMATION = "AwaitingConfirmation"
    """Mobile Commons waits for the person's reply."""
    UNDELIVERABLE = "Undeliverable"
    """The number cannot be texted; that is no opt-out."""
    MEMBERSHIP_UNCLEAR = "MembershipUnclear"
    """Mobile Commons shows a status that we do not know: report it to us."""
    NO_OPT_IN_PATH = "NoOptInPath"
    """The spec sets no opt-in path."""
    LINK_ONLY = "LinkOnly"
    """The first pull only links."""
    NOT_RECENT = "NotRecent"
    """Older than the first window: request a full pull."""
    OUTSIDE_SEND_WINDOW = "OutsideSendWindow"
    """The opt-in waits for the send window."""
    DAILY_CAP_REACHED = "DailyCapReached"
    """The opt-in waits for the next day's allowance."""
    NO_LONGER_REQUESTED = "NoLongerRequested"
    """The deferred opt-in was dropped, as the box is no longer ticked."""
    OPT_OUT_LIMIT_REACHED = "OptOutLimitReached"
    """The run would opt out too many: read the report, then override or correct."""
    CREATE_LIMIT_REACHED = "CreateLimitReached"
    """The run would create too many: read the report, then override or correct."""
    EMAIL_TAKEN = "EmailTaken"
    """Action Network kept its e-mail, as another person has the new one."""
    NOT_STORED = "NotStored"
    """The service dropped a value."""
    FIELD_MISSING = "FieldMissing"
    """Action Network no longer has the field."""
    NOT_CLEARABLE = "NotClearable"
    """The service cannot empty the field, so the value stays."""
    COUNTRY_UNKNOWN = "CountryUnknown"
    """The country could not be read, so the address was not sent."""
    CONTROL_CHARACTERS_REMOVED = "ControlCharactersRemoved"
    """Illegal characters were left out."""
    CREATE_HIT_EXISTING = "CreateHitExisting"
    """The creation met a person made seconds before: check the e-mail status."""
    PHONE_REJECTED = "PhoneRejected"
    """The service refuses the number."""
    SERVICE_REFUSED = "ServiceRefused"
    """The service refuses the record for good; it is among the dead letters."""
    SERVICE_FAILED = "ServiceFailed"
    """The service failed after all tries; tried again on later runs."""
    OUTCOME_UNKNOWN = "OutcomeUnknown"
    """The write was sent without an answer; the record is read before anything is repeated."""
    UNREADABLE_RECORD = "UnreadableRecord"
    """The record could not be parsed."""
    AUTHENTICATION_FAILED = "AuthenticationFailed"
    """The credentials were refused: put a valid key into the Secret."""
    PERMISSION_DENIED = "PermissionDenied"
    """The credentials lack a right: put a valid key into the Secret."""


NEEDS_ATTENTION: Final[frozenset[Reason]] = frozenset(
    {
        Reason.OPT_IN_FIELD_UNREADABLE,
        Reason.SEVERAL_MATCHES,
        Reason.EMAIL_SHARED,
        Reason.OPT_OUT_APPLIED_TO_ALL,
        Reason.ID_AND_PHONE_DISAGREE,
        Reason.EMAIL_MATCH_HAS_OTHER_PHONE,
        Reason.PHONE_MOVED,
        Reason.PHONE_CHANGED,
        Reason.BOTH_CHANGED,
        Reason.FIRST_LINK_DIFFERS,
        Reason.PERSON_GONE,
        Reason.PROFILE_DELETED,
        Reason.REFUSED_BY_VENDOR,
        Reason.SUPPRESSED,
        Reason.FLAG_AND_STATUS_DIFFER,
        Reason.OPT_IN_STATUS_DIFFERS,
        Reason.CONSENT_CONTRADICTORY,
        Reason.MEMBERSHIP_UNCLEAR,
        Reason.OPT_OUT_LIMIT_REACHED,
        Reason.CREATE_LIMIT_REACHED,
        Reason.EMAIL_TAKEN,
        Reason.NOT_STORED,
        Reason.FIELD_MISSING,
        Reason.CREATE_HIT_EXISTING,
        Reason.PHONE_REJECTED,
        Reason.SERVICE_REFUSED,
        Reason.UNREADABLE_RECORD,
        Reason.AUTHENTICATION_FAILED,
        Reason.PERMISSION_DENIED,
    }
)
"""Reasons that need a person each time (column *Att.* of sync.md section 8).

`SERVICE_FAILED` and `OUTCOME_UNKNOWN` are absent: they need one only after three runs, which the
caller counts.
"""


@unique
class ConditionType(StrEnum):
    """What `status.conditions` speaks about (api.md 4.2)."""

    READY = "Ready"
    """The summary; always present."""
    CREDENTIALS_VALID = "CredentialsValid"
    """Both services accept the keys in the Secrets."""
    PUSH_SYNCED = "PushSynced"
    """How the last push ended."""
    PULL_SYNCED = "PullSynced"
    """How the last pull ended."""
    RECONCILING = "Reconciling"
    """A generation is not verified yet, or runs keep failing; present only while True."""
    STALLED = "Stalled"
    """Nothing goes on until a person changes something; present only while True."""
    SUSPENDED = "Suspended"
    """The integration is not active, as wished; present only while True."""


@unique
class ConditionReason(StrEnum):
    """Why a condition has its status (api.md 4.2); one name means one thing on every type."""

    SYNCED = "Synced"
    """The last push and the last pull are fine."""
    ACTIVE = "Active"
    """Verified, and nothing has run yet."""
    NOT_ACTIVE = "NotActive"
    """`spec.active` is false, as wished."""
    PUSH_FAILING = "PushFailing"
    """Two pushes in a row failed."""
    PULL_FAILING = "PullFailing"
    """The last pull failed."""
    CREDENTIALS_INVALID = "CredentialsInvalid"
    """A Secret or the key in it has to be corrected; `CredentialsValid` says which."""
    INVALID_SPEC = "InvalidSpec"
    """A field of the spec cannot be used; the message names it."""
    FIELD_MAPPING_INVALID = "FieldMappingInvalid"
    """A mapped name does not exist in one of the two services."""
    DUPLICATE_INTEGRATION = "DuplicateIntegration"
    """Another integration already syncs the same two accounts."""
    SAFETY_STOP = "SafetyStop"
    """A run passed a safety limit and stopped before it did harm."""
    PROGRESSING = "Progressing"
    """The current generation is not verified yet."""
    PROGRESSING_WITH_RETRY = "ProgressingWithRetry"
    """Runs fail and are tried again."""
    VERIFIED = "Verified"
    """Both services accepted the keys."""
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 - a reason, not a secret
    """A Secret that the spec names does not exist in the namespace."""
    SECRET_KEY_MISSING = "SecretKeyMissing"  # noqa: S105 - a reason, not a secret
    """The Secret lacks a key that api.md section 6 asks for."""
    AUTHENTICATION_FAILED = "AuthenticationFailed"
    """The service refused the key."""
    PERMISSION_DENIED = "PermissionDenied"
    """The service knows the key and refuses what it asked for."""
    ORIGIN_NOT_ALLOWED = "OriginNotAllowed"
    """The spec names an origin that `ANMC_ALLOWED_ORIGINS` does not list."""
    NOT_VERIFIED = "NotVerified"
    """The keys have not been tried yet."""
    SERVICE_UNREACHABLE = "ServiceUnreachable"
    """The keys could not be tried, as a service did not answer."""
    SUCCEEDED = "Succeeded"
    """The run handled every record."""
    NOTHING_TO_DO = "NothingToDo"
    """The run found no record to handle."""
    PARTIALLY_SUCCEEDED = "PartiallySucceeded"
    """Some records failed and are tried again."""
    DRY_RUN = "DryRun"
    """The run wrote nothing, as wished."""
    FAILED = "Failed"
    """The run stopped for a reason that no other name fits."""
    RATE_LIMITED = "RateLimited"
    """A service asked for fewer calls for longer than a run waits."""
    SERVICE_UNAVAILABLE = "ServiceUnavailable"
    """A service failed or could not be reached after all tries."""
    TIMEOUT = "Timeout"
    """A service did not answer in time after all tries."""
    TOO_MANY_FAILURES = "TooManyFailures"
    """More records failed than `safety.maxFailurePercent` allows."""
    STORE_UNAVAILABLE = "StoreUnavailable"
    """The operator's own database could not be used."""
    PENDING = "Pending"
    """The first run has not ended yet."""
    INTERRUPTED = "Interrupted"
    """The last run was cut short; the next one resumes it."""


@unique
class ConditionStatus(StrEnum):
    """The three answers of a condition."""

    TRUE = "True"
    """It holds."""
    FALSE = "False"
    """It does not hold."""
    UNKNOWN = "Unknown"
    """It is not known yet, or not any more."""


@unique
class EventReason(StrEnum):
    """What is worth an event; only on change, never on every success (api.md 4.4)."""

    ACTIVATED = "Activated"
    """The integration became active."""
    DEACTIVATED = "Deactivated"
    """The integration became inactive, and the run in hand has ended."""
    CREDENTIALS_VERIFIED = "CredentialsVerified"
    """Both services accepted the keys, for the first time or after a refusal."""
    SYNC_FAILED = "SyncFailed"
    """A direction began to fail; once per streak."""
    SYNC_RECOVERED = "SyncRecovered"
    """A direction works again."""
    PULL_COMPLETED = "PullCompleted"
    """A pull reached its end."""
    SAFETY_STOP = "SafetyStop"
    """A run passed a safety limit and stopped."""
    REQUEST_IGNORED = "RequestIgnored"
    """A request annotation came while the integration was not active."""
    FIELD_MAPPING_INVALID = "FieldMappingInvalid"
    """A mapped name does not exist in one of the two services."""
    DUPLICATE_INTEGRATION = "DuplicateIntegration"
    """Another integration already syncs the same two accounts."""
    OPT_INS_DEFERRED = "OptInsDeferred"
    """Opt-ins wait for the send window or the daily cap."""


@unique
class EventType(StrEnum):
    """The two types of a Kubernetes event."""

    NORMAL = "Normal"
    """Something to know."""
    WARNING = "Warning"
    """Something to look at."""
