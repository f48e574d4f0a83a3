"""The texts of the pages in English. `singular|plural` by `count`; each group is of one page."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {
    # on every page
    "page.overview": "Overview",
    "page.alerts": "Alerts",
    "page.rules": "Rules",
    "page.deliveries": "Deliveries",
    "page.silences": "Silences",
    "page.status": "Status",
    "page.sections": "Sections",
    "page.skip": "Skip to the content",
    "page.language": "Language",
    "page.as_of": "as of {at}",
    "page.again": "load again",
    "page.live": "live · {at}",
    "page.lost": "no connection · this is of {at}",
    "page.utc": "Times are in UTC.",
    "page.zone": "Times are in your zone, {zone}.",
    "page.home": "To the overview",
    "paging.label": "Pages",
    "paging.shown": "{first} to {last} of {count}",
    "paging.earlier": "Previous",
    "paging.later": "Next",
    "level.critical": "critical",
    "level.warning": "warning",
    "level.info": "info",
    "level.down": "no answer",
    "level.pending": "pending",
    "level.abnormal": "abnormal tasks",
    "level.stale": "not polled",
    "level.new": "not yet polled",
    "level.well": "well",
    "level.firing": "firing",
    "level.resolved": "resolved",
    "level.silenced": "silenced",
    "level.acknowledged": "acknowledged",
    "level.flapping": "flapping",
    "level.inhibited": "inhibited",
    "level.muted": "muted",
    "level.waiting": "waiting",
    "level.sent": "sent",
    "level.dead": "dead",
    "level.clear": "quiet",
    "level.unknown": "unknown",
    # a link in a message
    "link.confirm": "Confirm",
    "link.silence_q": "Silence for {span}?",
    "link.acknowledge_q": "Acknowledge?",
    "link.silence": "Silence for {span}",
    "link.acknowledge": "Acknowledge",
    "link.hides": (
        "Nothing will be said of what matches {matchers} for {span}. What still fires then is told. It hides now:"
    ),
    "link.quiets": "These alerts will not be repeated until they get worse or resolve:",
    "link.name": "Your name",
    "link.once": "Nothing was done yet. The link works once, for another {span}.",
    "link.nameless": "Say who you are, so that others know. Nothing was done: go back, and write a name.",
    "link.silenced": "Silenced for {span}. The link cannot be used again.",
    "link.acknowledged": "Acknowledged by {by}. The link cannot be used again.",
    "link.remark": "by a link in a message",
    # the headline
    "say.firing": "{count} alert fires: {severity} on {where}|{count} alerts fire, worst: {severity} on {where}",
    "say.late": "What follows may be old: {loops}",
    "say.degraded": "the store takes no writes, what moves now is told to the receivers, and stands here later",
    "say.loop": "the {loop} has stood still for {span}",
    "say.and": " and ",
    "say.nobody": "No instance is known yet",
    "say.well": "The instance is well|All {count} instances are well",
    "say.new": "{count} instance waits for its first poll|{count} instances wait for their first poll",
    "say.partly": "{well} of {total} instances are well, the others wait for their first poll",
    "say.but.down": (
        "No alert fires, but {count} of {total} instances does not answer|"
        "No alert fires, but {count} of {total} instances do not answer"
    ),
    "say.but.pending": (
        "No alert fires, but {count} of {total} instances has an alert pending|"
        "No alert fires, but {count} of {total} instances have alerts pending"
    ),
    "say.but.abnormal": (
        "No alert fires, but {count} of {total} instances has abnormal tasks|"
        "No alert fires, but {count} of {total} instances have abnormal tasks"
    ),
    "say.but.stale": (
        "No alert fires, but {count} of {total} instances is not polled|"
        "No alert fires, but {count} of {total} instances are not polled"
    ),
    "note.pending": "{count} alert is pending|{count} alerts are pending",
    "note.down": "{count} of {total} instances does not answer|{count} of {total} instances do not answer",
    "note.stale": "{count} of {total} instances is not polled|{count} of {total} instances are not polled",
    "note.waiting": "{count} message waits to be delivered|{count} messages wait to be delivered",
    # the overview
    "overview.kinds": "{common} common, {cdc} CDC",
    "overview.firing": "Firing now",
    "overview.clearing": "clearing, since {at}",
    "overview.since": "since {at}",
    "overview.broken": "broken: {names}",
    "overview.runbook": "Runbook",
    "overview.runbook_of": " of {name}",
    "overview.more_firing": "Show {count} more alert that fires|Show {count} more alerts that fire",
    "overview.more_pending": "Show {count} more pending alert|Show {count} more pending alerts",
    "overview.pending": "Pending",
    "overview.would_be": "would be {level}",
    "overview.for": "for {span}",
    "overview.now": ", now",
    "overview.accounts": "Accounts",
    "overview.count": "{count} instance|{count} instances",
    "overview.no_account": "no longer in the policy",
    "overview.quota": "Quota",
    "overview.quota_used": "{rate}/s of {quota} ({share}%)",
    "overview.every": "Polled every",
    "overview.stretched": "{every} instead of {wanted}: the quota carries no more",
    "overview.throttled": "Throttled",
    "overview.throttled_so_far": "{count} request so far|{count} requests so far",
    "overview.share": "eased to {share}% after a throttling",
    "overview.find": "Name or ID",
    "overview.search": "Search",
    "overview.only_account": "account {account}",
    "overview.no_filter": "show all again",
    "overview.of": "{count} of {total}",
    "overview.map": "All instances by account, the worst first",
    "overview.more_ill": "{count} more are not well",
    "overview.more_well": "{count} more are well",
    "overview.none_found": "No instance is called so.",
    "overview.spark": "{status} tasks in the last {span}: {low} to {high}",
    "overview.instances": "Instances",
    "overview.by_state": "Instances by state",
    "overview.paced": (
        "{account}: each instance is polled every {every} instead of {wanted}, the quota carries no more."
    ),
    "overview.unknown": (
        "The totals leave out {count} instance whose counts are unknown.|"
        "The totals leave out {count} instances whose counts are unknown."
    ),
    "overview.good_ago": "last good sample {span} ago",
    "overview.never_good": "never a good sample",
    "overview.sampled": "sampled {span} ago",
    "overview.all": "Show all {count} instances",
    "overview.worst_first": "The worst are shown first.",
    "overview.messages": "Recent messages",
    "overview.silent": "Nothing was said yet.",
    "overview.resolved": "Recently resolved",
    "overview.none_resolved": "Nothing resolved lately.",
    "overview.lasted": "at {at}, after {span}",
    "overview.not_well": "not seen well",
    "overview.tries": "{count} try|{count} tries",
    "overview.polls_failed": "polls failed in a row",
}
