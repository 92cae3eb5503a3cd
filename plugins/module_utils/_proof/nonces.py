# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof's own files in a share: a nonce a host, an acknowledgement a host, all in one hidden directory a run.

Every function here may hang on a dead server: they are called in bounded children.
The directory is called .virtshare-proof-RUN-CHECKSUM and its files HOST.nonce and HOST.ack; RUN is the id of run_of(),
HOST the inventory's name, percent-encoded. No name is ever used twice, because an NFS client remembers for up to a minute
what a name was: it would enter the directory of the run before, which another host has removed.

Of another run only what it provably made is removed: its directory's name with the checksum, files with a name and a
content of ours, both of an owner that writes nonces here. Whatever else lies in there stays, and the directory with it.
"""

import errno
import hashlib
import os
import re
import stat
import time
from urllib.parse import quote

from .._share import leftovers, live, marker

PREFIX = ".virtshare-proof"
# How long a host watches a directory of another run, by its own uptime, until it takes the run for one that was killed.
STALE_SECONDS = 900
# Everybody may come and go in there, because the hosts of one share may be different users to its server. The names
# are random, files are only created, never opened where they exist, and never followed through a link, and they hold nothing secret.
DIRECTORY_MODE = 0o777
FILE_MODE = 0o644
_LONGEST = 4096
_NAME = re.compile(r"\.virtshare-proof-[0-9A-Za-z]{8,64}-[0-9a-f]{8}-[0-9a-f]{8}\Z")
_FILE = re.compile(r"[^./]{1,150}\.(nonce|ack|identity)\Z")
_ACK = leftovers.SIGNATURE + "ack"
# What a guest writes has the numbers of the guest's users.
_GUEST = quote("guest on ", safe="")
_PAUSE = 0.05
_ATTEMPTS = 40


def fresh(controller="", remembered=""):
    """A nonce: our signature, a random number, and what the other hosts are to know: the process on the controller that runs
    the proof, and which identity of the share is remembered; "" for none."""
    return "%s%s:%s:%s" % (leftovers.SIGNATURE, os.urandom(16).hex(), controller, remembered)


def write(path, mount, run_id, host, nonce):
    """Write this host's nonce. Returns {directory of another run: [its controllers]}, None where nobody may list them."""
    for left in range(_ATTEMPTS, 0, -1):
        try:
            hidden = _enter_hidden(path, mount, run_id, create=True)
            break
        except FileNotFoundError:
            # A client may not have heard yet that another host made the directory a moment ago.
            if left == 1:
                raise
        time.sleep(_PAUSE)
    try:
        _create(hidden, file_name(host, "nonce"), nonce)
    finally:
        os.close(hidden)
    return _others(path, mount, directory_name(run_id))


def read(path, mount, run_id, hosts, seconds):
    """What this host finds: {host: its nonce, or None}. acknowledge() is to follow.

    hosts: those that have the share, this one included. seconds: how long to go on asking for a nonce that is not there:
    all were written before this phase began, so only what an NFS client remembers of an earlier run could hide one.
    """
    found = {}
    deadline = time.monotonic() + seconds
    while True:
        complete = _read_once(path, mount, run_id, hosts, found)
        if complete or time.monotonic() > deadline:
            break
        time.sleep(_PAUSE)
    return {other: found.get(other) for other in hosts}


def in_directory(path, mount, run_id, function):
    """function(root, hidden) with descriptors of the share's root and of the run's directory."""
    root = live.enter(path, mount)
    try:
        hidden = _enter_hidden(path, mount, run_id, create=False)
        try:
            return function(root, hidden)
        finally:
            os.close(hidden)
    finally:
        os.close(root)


def tidy(path, mount, run_id):
    """Remove the run's files and its directory; whether that was allowed."""
    root = live.enter(path, mount)
    try:
        return _remove(root, directory_name(run_id))
    finally:
        os.close(root)


def remove_others(path, mount, run_id, host, names, owners):
    """Remove what killed runs left in directories of these names; whether nothing of it is left.

    Whatever is not provably theirs stays. owners: the numbers of the users that write nonces here, beside whoever owns
    this host's nonce.
    """
    root = live.enter(path, mount)
    try:
        owners = set(owners)
        try:
            own = "%s/%s" % (directory_name(run_id), file_name(host, "nonce"))
            owners.add(os.stat(own, dir_fd=root, follow_symlinks=False).st_uid)
        except OSError:
            pass
        # Each is tried, also after one that stays.
        tried = [_remove(root, name, owners) for name in names if is_directory_name(name)]
        return all(tried)
    finally:
        os.close(root)


def run_of(run_id, path):
    """The id of a run in one share: two declared paths may show the same directory, and each is proven by itself."""
    return "%s-%s" % (run_id, hashlib.sha256(path.encode("utf-8")).hexdigest()[:8])


def directory_name(run_id):
    """.virtshare-proof-RUN-CHECKSUM, in the root of the share."""
    return leftovers.sealed("%s-%s" % (PREFIX, run_id))


def is_directory_name(name):
    """Whether it is a name of directory_name()."""
    return _NAME.match(name) is not None and leftovers.is_sealed(name)


def file_name(host, kind):
    """HOST.nonce; a host's name of any letters gives one file name that no other host has."""
    encoded = quote(host, safe="").replace(".", "%2E")
    if len(encoded) > 150:
        encoded = encoded[:80] + hashlib.sha256(host.encode("utf-8")).hexdigest()
    return "%s.%s" % (encoded, kind)


def relative_name(run_id, path, host):
    """Where a host's nonce lies, seen from the root of the share: for programs that read or write it themselves.

    run_id: as share_proof was given it.
    """
    return "%s/%s" % (directory_name(run_of(run_id, path)), file_name(host, "nonce"))


def _read_once(path, mount, run_id, hosts, found):
    """Add to found what is there now; whether all is."""
    try:
        hidden = _enter_hidden(path, mount, run_id, create=False)
    except FileNotFoundError:
        return False
    try:
        for other in hosts:
            if found.get(other) is None:
                found[other] = _content(hidden, file_name(other, "nonce"))
    finally:
        os.close(hidden)
    return all(found.get(other) is not None for other in hosts)


def acknowledge(path, mount, run_id, host, hosts):
    """Say that this host has read. The one that finds all acknowledgements there removes the run's files and the directory;
    False when it was that host and may not."""
    try:
        hidden = _enter_hidden(path, mount, run_id, create=False)
    except FileNotFoundError:
        return True
    try:
        try:
            _create(hidden, file_name(host, "ack"), _ACK)
            # Listed after the own file was made, so of two hosts that end at the same time the later one sees both.
            present = set(os.listdir(hidden))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ESTALE):
                # The host that was last has removed it all.
                return True
            raise
    finally:
        os.close(hidden)
    for other in hosts:
        if file_name(other, "nonce") in present and file_name(other, "ack") not in present:
            return True
    return tidy(path, mount, run_id)


def _enter_hidden(path, mount, run_id, create):
    """A descriptor of the run's directory, made if asked. FileNotFoundError when it is not there."""
    name = directory_name(run_id)
    # The root is opened again each time: that is what makes an NFS client forget that the name was missing.
    root = live.enter(path, mount)
    try:
        refusal = None
        if create:
            try:
                os.mkdir(name, DIRECTORY_MODE, dir_fd=root)
            except FileExistsError:
                pass
            except OSError as error:
                # It may have been made by another host, one that is allowed to.
                refusal = error
        try:
            hidden = _open_directory(name, root)
        except FileNotFoundError:
            if refusal is not None:
                raise refusal
            raise
    finally:
        os.close(root)
    status = os.fstat(hidden)
    if create and status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) & 0o777 != DIRECTORY_MODE:
        # mkdir is subject to the umask.
        os.fchmod(hidden, DIRECTORY_MODE)
    return hidden


def _create(hidden, name, text):
    """A new file with this text; where that has no room the file goes again."""
    _unlink(hidden, name)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, FILE_MODE, dir_fd=hidden)
    try:
        try:
            if os.write(descriptor, text.encode("ascii")) != len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        except OSError:
            _unlink(hidden, name)
            raise
        try:
            os.fchmod(descriptor, FILE_MODE)
        except OSError:
            # Some CIFS servers have no modes; there everybody can read it anyway.
            pass
    finally:
        os.close(descriptor)


def _content(hidden, name):
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=hidden)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESTALE):
            return None
        raise
    try:
        return os.read(descriptor, _LONGEST).decode("ascii", "replace") or None
    finally:
        os.close(descriptor)


def _others(path, mount, mine):
    """{name of another run's directory: [what its nonces say of their controller]}, None where nobody may list them."""
    root = live.enter(path, mount)
    try:
        names = [name for name in os.listdir(root) if name != mine and is_directory_name(name)]
        return {name: _controllers(root, name) for name in names}
    except OSError:
        # A user who may not list the share can write a nonce all the same, and a name may be gone by now.
        return None
    finally:
        os.close(root)


def _controllers(root, name):
    """Of one that cannot be looked into none is known."""
    try:
        hidden = _open_directory(name, root)
    except OSError:
        return []
    try:
        texts = [_content(hidden, entry) for entry in os.listdir(hidden) if entry.endswith(".nonce")]
    except OSError:
        return []
    finally:
        os.close(hidden)
    return sorted(set(controller_of(text) for text in texts if text))


def controller_of(nonce):
    """What a nonce says of its controller, "" for nothing."""
    return _part(nonce, 2)


def remembered_of(nonce):
    """The identity that the host of a nonce remembers, "" for none."""
    return _part(nonce, 3)


def _part(nonce, number):
    parts = (nonce or "").split(":")
    return parts[number] if (nonce or "").startswith(leftovers.SIGNATURE) and len(parts) > number else ""


def _remove(root, name, owners=None):
    """Remove our own files in a run's directory, and the directory if nothing else is in it; whether it is gone.

    owners: whose files they must be, and with a content of ours; None for those of this run, which nobody else can know.
    """
    try:
        hidden = _open_directory(name, root)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        if owners is not None and os.fstat(hidden).st_uid not in owners:
            return False
        for entry in os.listdir(hidden):
            if _FILE.match(entry) and (owners is None or _is_ours(hidden, entry, owners)):
                _unlink(hidden, entry)
        os.rmdir(name, dir_fd=root)
    except OSError as error:
        # Another host was faster.
        return error.errno in (errno.ENOENT, errno.ESTALE)
    finally:
        os.close(hidden)
    return True


def _is_ours(hidden, entry, owners):
    """Whether owner and content are those of a nonce or an acknowledgement; one that was killed in between is empty."""
    try:
        status = os.stat(entry, dir_fd=hidden, follow_symlinks=False)
        # Of a marker that was placed this is a second name.
        names = 2 if entry.endswith(".identity") else 1
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > names or status.st_size > _LONGEST:
            return False
        if status.st_uid not in owners and not entry.startswith(_GUEST):
            return False
        text = _content(hidden, entry) or ""
        return status.st_size == 0 or text.startswith(leftovers.SIGNATURE) or marker.parsed(text) is not None
    except OSError:
        return False


def _open_directory(name, root):
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=root)


def _unlink(hidden, name):
    """Remove a name; whether it is gone."""
    try:
        os.unlink(name, dir_fd=hidden)
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True
