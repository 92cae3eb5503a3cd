# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a type of share is asked: by its declaration, its mount, its permissions and its proof. No I/O."""

import errno
import re

from ..._host.fstab import Entry
from .. import common_options, options, sources


class ShareType:
    """One type of share. A new one is a subclass: its data, and the few answers that are its own."""

    # ---- the declaration

    name = None
    # {what people write for it: what to write instead}
    aliases = {}
    # A source: a regular expression for all of it, an example, and what it is.
    source_pattern = r".+"
    source_example = None
    source_meaning = None
    # What ends the server where a source begins with it, None where a source never does; and why it may name no user before
    # that, None where it has no server.
    server_end = sources.EXPORT
    why_no_user = None
    # {option that belongs elsewhere: what to write instead}
    options_elsewhere = {}
    # {option: what its value is, see values}; those that every filesystem has are known there.
    kinds = {}
    # {option of this type that is on without being written: what turns it off}
    on_by_default = {}
    # Options of which a mount has one.
    alternatives = ()
    # {option that is taken without being done: why}
    options_without_effect = {}
    # Whether mount(8) takes an option that nobody knows, and does nothing about it.
    passes_over_unknown = False

    # ---- the mount

    # The type as fstab and mount(8) want it, and as the kernel may show it.
    fstab_type = None
    live_types = ()
    # Options that fstab has for it whatever its type there is.
    fstab_options = ()
    # Options that are added unless the share declares them, or declares them as false.
    defaults = {}
    # A program that mount(8) needs, as (paths it may have, what to install).
    helper = None
    # [(part of an error's text, what it means and what to do)], the first that fits is added to an error.
    explanations = ()
    # Whether the source is a block device of the host, and whether it is a directory of the host.
    on_device = False
    binds = False
    # Whether others serve it over the network.
    remote = False
    # Whether its client makes mounts of its own inside a share.
    submounts = False
    # The names of the processes of the host that serve its mounts.
    processes = ()
    # Whether systemd hangs on a mount of a dead server whenever it reads fstab.
    hangs_systemd = False
    # Whether there is a file with the share's credentials.
    has_credentials = False
    # Why a stale mount (see is_stale) is of no use.
    stale_words = "the export was replaced on the server (stale file handle)"

    # ---- the permissions and the proof

    # Whether each host has an owner and a mode of its own for it, and whether they come with the mount's options.
    owner_per_host = False
    owner_by_options = False
    # Whether each host may mean another filesystem by it.
    filesystem_per_host = False
    # How SELinux labels a whole mount, and the boolean that lets guests use all of them; None: each file has its label.
    selinux_type = None
    selinux_boolean = None

    # ---- what the declaration asks

    def path_trouble(self, path):  # pylint: disable=unused-argument
        """Why a path cannot be one of this type, a sentence that says what to write instead, or None."""
        return None

    def missing_source_trouble(self, state):  # pylint: disable=unused-argument
        """Why there must be a source, a sentence, or None when there need not be one."""
        return "source is missing. Write %s, such as %s." % (self.source_meaning, self.source_example)

    def source_trouble(self, source, path):  # pylint: disable=unused-argument
        """Why a source cannot be one of this type, a sentence, or None. path: the share's, whatever was written."""
        shown = sources.shown(source, self.server_end)
        if source != source.strip():
            return "source %s begins or ends with a blank. Write %s." % (shown, sources.shown(source.strip(), self.server_end))
        if source.startswith("#"):
            return "source %s begins with '#', which makes a comment of its line in fstab. Write %s, such as %s." % (
                shown, self.source_meaning, self.source_example)
        if {".", ".."} & set(source.replace("\\", "/").split("/")):
            return "source %s holds '.' or '..', so what it means depends on links. Write the directory it leads to." % shown
        why, instead = self._meant_without_user(source) or ("", "")
        if why or not self._is_source(source):
            return "source %s %s. Write %s." % (
                shown, why or "is not one of type %s" % self.name,
                instead or "%s, such as %s" % (self.source_meaning, self.source_example))
        if source.endswith("\\"):
            return ("source %s ends with a backslash, to which systemd joins the next line of the unit that mounts it. Write a "
                    "source that ends otherwise." % shown)
        return None

    def _is_source(self, source):
        return re.match("(?:%s)$" % self.source_pattern, source) is not None

    def _meant_without_user(self, source):
        """meant() of a source, none of whose words is a password's."""
        login = self.why_no_user and sources.login_of(source, self.server_end)
        if not login:
            return self.meant(source)
        if not login.sure:
            return "names a user or a port", self.source_without_user(
                "%s, such as %s" % (self.source_meaning, self.source_example))
        right = login.before + login.rest
        why, instead = self.meant(right) or (self.why_no_user, right if self._is_source(right) else "")
        return why, instead and self.source_without_user(instead)

    def source_without_user(self, words):
        """What to write, where a source named a user as well. words: what to write as the source."""
        return words

    def meant(self, source):  # pylint: disable=unused-argument
        """(why a source that is written as elsewhere cannot be one here, what to write, "" for the usual), or None."""
        return None

    def elsewhere(self, option):
        """What to write instead of an option that does not belong among the options, or None."""
        return self.options_elsewhere.get(option)

    def kind_of(self, option):
        """What the value of an option is, see values; None for an option that is not known here."""
        return self.kinds.get(option) or common_options.common(option)

    def told(self, declared):
        """The options that the filesystem is told, by one name each, {name: text or True}; without what it is not told."""
        return declared

    def idle_options(self, declared, share):  # pylint: disable=unused-argument
        """[(option, why)] of options that do nothing in this share, though they do something in others of the type.

        declared: the options as they are kept. share: as it is written.
        """
        return []

    def acl_trouble(self, declared):
        """Why the share can have no ACL with these options, a sentence, or None."""
        if declared.get("noacl") is True or declared.get("acl") is False:
            return "access.acl and the option that turns ACLs off exclude each other. Leave one of them out."
        return None

    def credentials_troubles(self, given, declared, state):  # pylint: disable=unused-argument
        """What is wrong with the credentials, sentences. given: as written, or None. declared: the options."""
        return []

    # ---- what the mount asks

    def managed(self, share):  # pylint: disable=unused-argument
        """Whether the share is mounted by us at all; False: it is only looked at."""
        return True

    def defaults_of(self, share):  # pylint: disable=unused-argument
        """The defaults of this share, {name: value}."""
        return self.defaults

    def entry(self, share):
        """The Entry that fstab is to have."""
        return Entry(share["source"], share["path"], self.fstab_type, options.with_defaults(share, self.defaults_of(share)), 0, 0)

    def mount_command(self, share):
        """The command that mounts the share, a list of str. Nothing in it is a secret."""
        return ["mount", "-t", self.fstab_type, "-o", ",".join(self.entry(share).options),
                share["source"], share["path"]]

    def remount_commands(self, share, mount, recorded):
        """The commands that bring the live mount's own flags to what is declared, a list of lists of str."""
        # Bound to this one mount: a plain remount would change every mount that shares the filesystem.
        flags = options.flags_to_set(share, mount, recorded)
        return [["mount", "-o", ",".join(["remount", "bind"] + flags), share["path"]]]

    def remount_blocker(self, share, mount):  # pylint: disable=unused-argument
        """Why no remount gives the live mount the flags that are declared, and what to do; None when one does."""
        return None

    def recorded_source(self, entry):
        """The source as a share has it of which fstab has this Entry."""
        return entry.source

    # Options (as differences() names them) that the kernel shows of a new mount whatever other mounts there are, unless it
    # does not know them, or passes over them.
    shown_if_known = frozenset()

    # Options that keep mount(8) from trying longer than once.
    options_at_once = []

    def options_again(self, mount):  # pylint: disable=unused-argument
        """The options of a filesystem by which its live mount can be made once more, None where the kernel hides some."""
        return None

    def credentials(self, share):  # pylint: disable=unused-argument
        """What the share's credentials file is to hold, see credentials.content(); None when there is to be none."""
        return None

    def accounts(self, share):  # pylint: disable=unused-argument
        """([users], [groups]) among the options by name: the kernel shows their numbers, see Host.numbers()."""
        return [], []

    def login_commands(self, share):  # pylint: disable=unused-argument
        """The commands that give a stale mount in use another login, a list of lists of str; empty: nothing can."""
        return []

    def server(self, share):  # pylint: disable=unused-argument
        """Who serves the share: C({"host", "doors"}), or None when nobody over the network does.

        doors: where the mount program will find it, see doors; empty where nothing cheap can tell whether it lives.
        """
        return None

    def servers(self, share):
        """All that can serve the share, each as server() has it; one that answers is enough. Empty: nobody does."""
        server = self.server(share)
        return [] if server is None else [server]

    def reached(self, share, evidence):  # pylint: disable=unused-argument
        """The share as mount(8) is to be told it, now that it is known which server answers."""
        return share

    def as_tried(self, share, directory):  # pylint: disable=unused-argument
        """The share as it is mounted for a trial; what it would write elsewhere goes into a directory."""
        return share

    def mismatch(self, share, mount, evidence):
        """None when the live mount shows the share's source, else what it shows instead.

        This is the one answer for mounting, permissions, proof and guests. share: its source counts. evidence: {
        "addresses": [str] the server's name stands for, or None when unknown; "server": the name of the server that
        answered; "origin": [st_dev, mountinfo.directory()] of a bind's source, or None; "device": the number of the source's
        device as mountinfo has it, or None; "same_filesystem": whether a trial showed that another address is the same}.
        """
        raise NotImplementedError

    def differences(self, share, mount, recorded):
        """The declared options that the live mount does not have, a list of options.Difference.

        recorded: the Entry in fstab, or None. It tells what the mount was asked for: an option that is recorded,
        live and no longer declared is a difference, too.
        """
        raise NotImplementedError

    def is_stale(self, number, mount):  # pylint: disable=unused-argument
        """Whether an errno of using the live mount means that it must be mounted again: nothing in it can be used."""
        return number == errno.ESTALE

    def process_options(self, mount, commands):  # pylint: disable=unused-argument
        """What the mount's process was told, as mount options, a list of str; [] when none of them serves it.

        commands: command lines of `processes`, each a list of str, the one that counts first.
        """
        return []

    def needs_whole_files(self, share):  # pylint: disable=unused-argument
        """Whether a volume that keeps files in pieces cannot serve the share, see fuse_processes.refuse_sharded()."""
        return False

    def log(self, share):  # pylint: disable=unused-argument
        """The file in which the mount's own process says what goes wrong, or None."""
        return None

    def sharing_superblock(self, mount, differences, others):  # pylint: disable=unused-argument
        """Those of the other live mounts that keep these differences as they are, even over a new mount."""
        return []

    def warnings(self, share):  # pylint: disable=unused-argument
        """Sentences about a declaration that works, and may do harm one day."""
        return []

    def explain(self, text):
        """A sentence that helps with an error's text, or an empty one."""
        for part, words in self.explanations:
            if part.lower() in text.lower():
                return words
        return ""

    # ---- what is asked of a live mount, whoever made it

    def server_of(self, mount):
        """Who has to answer for it: a server's name, or the local device."""
        return mount.source

    def made_inside(self, mount, inner):  # pylint: disable=unused-argument
        """Whether the filesystem of a mount made another one inside it by itself, and takes it along when it goes."""
        return self.submounts and inner.fstype in self.live_types

    def source_in_words(self, mount):
        """What it shows, for a message."""
        below = " (%s)" % mount.root if mount.root != "/" else ""
        return "%s%s of type %s" % (mount.source, below, mount.fstype)

    # ---- the permissions

    def root_refused(self, mount, on_server, owner=None):  # pylint: disable=unused-argument
        """Why this host's root may not set owner or mode in a live mount, and what to do; None when nothing is known.

        on_server: a function of the export's directory that gives the commands for the server. owner: the number of the
        directory's, None when it is not known.
        """
        return None

    def no_acls(self, mount, on_server):  # pylint: disable=unused-argument
        """What to do where a live mount shows no ACLs."""
        return ("mount it without noacl if that is among its options, or leave access.acl out and put all who write into "
                "one group: access.group with mode: \"2770\"")

    def change_ignored(self, mount, mode):  # pylint: disable=unused-argument
        """Why a change that reported success is not there, and what to do; None when nothing is known. mode: or None."""
        return None

    def group_ignored(self, acting, gid):  # pylint: disable=unused-argument
        """Why a group that has all it needs does not let a guest's daemon in, and what to do; None when nothing is known.

        acting: an explain.Acting. gid: the group's number.
        """
        return None

    # ---- the proof

    # Whether a file may have a second name and be of use by both.
    second_names = True
    # Whether all hosts see the times of a file to the last digit.
    exact_times = True

    def filesystem_id(self, device, name):  # pylint: disable=unused-argument
        """Where the filesystem's id is told elsewhere than in statfs, the id as text, "" for none; else None.

        device: st_dev as "major:minor". name: a name of the mount's root. May hang, as what asks for it does.
        """
        return None

    def lasting_part(self, fsid):
        """What of an id that statfs tells, as text, a mount made at another time has as well."""
        return fsid

    def is_unique(self, fsid):  # pylint: disable=unused-argument
        """Whether no other filesystem has this id, of filesystem_id() or statfs, because somebody chose the same or by chance."""
        return True

    def has_inodes(self, mount):  # pylint: disable=unused-argument
        """Whether the numbers of files in a live mount are the filesystem's own, and not made up by this host."""
        return True
