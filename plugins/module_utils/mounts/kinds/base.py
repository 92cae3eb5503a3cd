# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner and the executor ask of a kind of filesystem. Pure: every answer comes from the arguments."""

import errno

from ansible_collections.virtshare.storage.plugins.module_utils.mounts import options
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.fstab import Entry


class Kind:
    """One type of share. A new filesystem is a subclass: its data, and the few answers that are its own."""

    name = None
    # The type as fstab and mount(8) want it, and as the kernel may show it.
    fstab_type = None
    live_types = ()
    # Options that are added unless the share declares them, or declares them as false.
    defaults = {}
    # A program that mount(8) needs, as (paths it may have, what to install).
    helper = None
    # [(part of an error's text, what it means and what to do)], the first that fits is added to an error.
    explanations = ()
    # Whether the source is a block device of the host.
    on_device = False
    # Whether a process of the host serves the mount.
    has_process = False
    # Why a stale mount (see is_stale) is of no use.
    stale_words = "the export was replaced on the server (stale file handle)"

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

    def beyond_reach(self, share, mount):  # pylint: disable=unused-argument
        """Why no remount gives the live mount the flags that are declared, and what to do; None when one does."""
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
        """Who serves the share: C({"host", "port"}), or None when nobody over the network does.

        port is None where no cheap TCP connection can tell whether the server lives.
        """
        return None

    def servers(self, share):
        """All that can serve the share, each as server() has it; one that answers is enough. Empty: nobody does."""
        server = self.server(share)
        return [] if server is None else [server]

    def reached(self, share, surroundings):  # pylint: disable=unused-argument
        """The share as mount(8) is to be told it, now that it is known which server answers."""
        return share

    def foreign(self, share, mount, surroundings):
        """None when the live mount shows the share's source, else what it shows instead, in words.

        surroundings: {"addresses": [str] the server's name stands for, or None when unknown; "server": the name of
        the server that answered; "origin": [st_dev, mountinfo.directory()] of a bind's source, or None; "device": the
        number of the source's device as mountinfo has it, or None}.
        """
        raise NotImplementedError

    def differences(self, share, mount, recorded):
        """The declared options that the live mount does not have, a list of options.Difference.

        recorded: the Entry in fstab, or None. It tells what the mount was asked for: an option that is recorded,
        live and no longer declared is a difference, too.
        """
        raise NotImplementedError

    def is_stale(self, number, mount):  # pylint: disable=unused-argument
        """Whether an errno of using the live mount means that it must be mounted anew: nothing in it can be used."""
        return number == errno.ESTALE

    def needs_whole_files(self, share):  # pylint: disable=unused-argument
        """Whether a volume that keeps files in pieces cannot serve the share, see clients.refuse_pieces()."""
        return False

    def log(self, share):  # pylint: disable=unused-argument
        """The file in which the mount's own process says what goes wrong, or None."""
        return None

    def bound_to(self, mount, differences, others):  # pylint: disable=unused-argument
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

    def source_in_words(self, mount):
        """What a live mount shows, for people."""
        below = " (%s)" % mount.root if mount.root != "/" else ""
        return "%s%s of type %s" % (mount.source, below, mount.fstype)
