# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of recurrence: what AWX refuses, and the next times of those it takes."""

import calendar
import datetime
import re
import zoneinfo

from .errors import BadValue

UTC = datetime.timezone.utc
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
FAR = 366 * 30


def checked(text):
    """The rule itself, or BadValue with all that is wrong with it."""
    starts = re.findall(r".*?(DTSTART(;[^:]+)?\:[0-9]+T[0-9]+Z?)", text)
    found = []
    if not starts:
        found.append("Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ")
    if re.findall(r".*?(DTSTART:[0-9]+T[0-9]+) ", text):
        found.append("DTSTART cannot be a naive datetime.  Specify ;TZINFO= or YYYYMMDDTHHMMSSZZ.")
    if len(starts) > 1:
        found.append("Multiple DTSTART is not supported.")
    if "rrule:" not in text.lower():
        found.append("One or more rule required in rrule.")
    for never in ("EXDATE", "RDATE"):
        if never.lower() + ":" in text.lower():
            raise BadValue("%s not allowed in rrule." % never)
    for rule in re.findall(r".*?(RULE\:[^\s]*)", text):
        found += _against(rule)
    try:
        parsed(text)
    except ValueError as error:
        found.append("rrule parsing failed validation: %s" % error)
    if found:
        raise BadValue(*found)
    return text


def _against(rule):
    found = []
    if "interval" not in rule.lower():
        found.append("INTERVAL required in rrule: %s" % rule)
    elif "secondly" in rule.lower():
        found.append("SECONDLY is not supported: %s" % rule)
    if re.match(r".*?BYDAY[\:\=][0-9]+[a-zA-Z]{2}", rule):
        found.append("BYDAY with numeric prefix not supported: %s" % rule)
    if "COUNT" in rule and "UNTIL" in rule:
        found.append("RRULE may not contain both COUNT and UNTIL: %s" % rule)
    count = re.match(r".*?COUNT\=([0-9]+)", rule)
    if count and int(count.group(1)) > 999:
        found.append("COUNT > 999 is unsupported: %s" % rule)
    return found


class Rules:
    """start: with its zone. zone: its name. rules: a mapping of the parts of each."""

    def __init__(self, start, zone, rules):
        self.start, self.zone, self.rules = start, zone, rules

    @property
    def ends(self):
        return all("COUNT" in rule or "UNTIL" in rule for rule in self.rules)

    def times(self):
        """All times of all rules in their order, without end where the rules have none."""
        streams = [self._times(rule) for rule in self.rules]
        waiting = [(next(stream, None), stream) for stream in streams]
        last = None
        while any(moment for moment, _stream in waiting):
            moment = min(moment for moment, _stream in waiting if moment)
            waiting = [(next(stream, None) if at == moment else at, stream) for at, stream in waiting]
            if moment != last:
                yield moment
            last = moment

    def _times(self, rule):
        until = _until(rule["UNTIL"], self.start) if "UNTIL" in rule else None
        left = int(rule.get("COUNT", 10 ** 6))
        for moment in self._candidates(rule):
            if left < 1 or until and moment > until:
                return
            if moment >= self.start:
                yield moment
                left -= 1

    def _candidates(self, rule):
        interval, frequency = int(rule.get("INTERVAL", 1)), rule["FREQ"]
        if frequency in ("HOURLY", "MINUTELY"):
            step = datetime.timedelta(**{"hours" if frequency == "HOURLY" else "minutes": interval})
            moment = self.start.astimezone(UTC)
            while True:
                yield moment.astimezone(self.start.tzinfo)
                moment += step
        first = self.start.date()
        for days in range(FAR):
            date = first + datetime.timedelta(days=days)
            if self._falls_on(date, first, rule, frequency, interval):
                yield datetime.datetime.combine(date, self.start.timetz())

    @staticmethod
    def _falls_on(date, first, rule, frequency, interval):
        if frequency == "DAILY" and (date - first).days % interval:
            return False
        week = (date - first + datetime.timedelta(days=first.weekday())).days // 7
        if frequency == "WEEKLY" and week % interval:
            return False
        if frequency == "MONTHLY" and ((date.year - first.year) * 12 + date.month - first.month) % interval:
            return False
        if frequency == "YEARLY" and (date.year - first.year) % interval:
            return False
        if "BYMONTH" in rule and str(date.month) not in rule["BYMONTH"].split(","):
            return False
        narrowed = [part for part in ("BYDAY", "BYMONTHDAY", "BYYEARDAY") if part in rule]
        if "BYDAY" in rule and not any(_is_day(date, one) for one in rule["BYDAY"].split(",")):
            return False
        month = calendar.monthrange(date.year, date.month)[1]
        if "BYMONTHDAY" in rule and not {str(date.day), str(date.day - month - 1)} & set(rule["BYMONTHDAY"].split(",")):
            return False
        if "BYYEARDAY" in rule and str(date.timetuple().tm_yday) not in rule["BYYEARDAY"].split(","):
            return False
        if narrowed:
            return True
        return {"WEEKLY": date.weekday() == first.weekday(), "MONTHLY": date.day == first.day,
                "YEARLY": (date.month, date.day) == (first.month, first.day)}.get(frequency, True)


def _is_day(date, text):
    match = re.fullmatch(r"([+-]?\d+)?(..)", text)
    if not match or DAYS[date.weekday()] != match.group(2):
        return False
    if not match.group(1):
        return True
    month = calendar.monthrange(date.year, date.month)[1]
    return int(match.group(1)) in ((date.day - 1) // 7 + 1, -((month - date.day) // 7 + 1))


def _moment(text, zone=None):
    found = datetime.datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S")
    return found.replace(tzinfo=UTC if text.endswith("Z") else zone)


def _until(text, start):
    return _moment(text if "T" in text else text + "T000000", start.tzinfo)


def parsed(text):
    """The Rules of a text, or ValueError as dateutil says it."""
    start, zone, rules = None, "UTC", []
    for part in text.split():
        name, value = part.split(":", 1) if ":" in part else (None, part)
        if name is None:
            key, value = (part.split("=", 1) + [None])[:2] if "=" in part else (part, None)
            if value is None:
                raise ValueError("not enough values to unpack (expected 2, got 1)")
        elif name.upper().startswith("DTSTART"):
            zone = name.partition("TZID=")[2].partition(";")[0] or "UTC"
            try:
                start = _moment(value, zoneinfo.ZoneInfo(zone) if "TZID=" in name else None)
            except (zoneinfo.ZoneInfoNotFoundError, ValueError):
                start = None
        elif name.upper() == "RRULE":
            rules.append(dict(one.split("=", 1) for one in value.split(";")))
    if start is None or start.tzinfo is None:
        raise ValueError("A valid TZID must be provided (e.g., America/New_York)")
    for rule in rules:
        if rule.get("FREQ") not in FREQUENCIES:
            raise ValueError("invalid 'FREQ': %s" % rule.get("FREQ"))
    return Rules(start, zone, rules)


def computed(text, enabled, now):
    """The fields of a schedule that follow from its rule."""
    rules = parsed(text)
    times = rules.times()
    first = next(times, None)
    following = first
    while following is not None and following <= now:
        following = next(times, None)
    last = None
    if rules.ends:
        last = max(rules.times(), default=None)
    untils = [rule["UNTIL"] for rule in rules.rules if "UNTIL" in rule]
    until = _until(untils[0], rules.start).astimezone(rules.start.tzinfo).strftime("%Y-%m-%dT%H:%M:%S") if untils else ""
    return {"dtstart": first, "dtend": last, "next_run": following if enabled else None, "timezone": rules.zone,
            "until": until}


def preview(text):
    """The next ten times, here and in UTC."""
    found = []
    for moment in parsed(text).times():
        found.append(moment)
        if len(found) == 10:
            break
    return {"local": [one.isoformat() for one in found],
            "utc": [one.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for one in found]}
