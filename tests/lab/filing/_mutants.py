"""What is broken on purpose, to see that the worlds of files notice."""

from __future__ import annotations

from typing import Final

from tests.lab._mutants import Mutant

MUTANTS: Final = (
    Mutant(
        "A file has its name from the start",
        "_files.publish:Draft.create",
        'f"{prefix}.{secrets.token_hex(8)}{suffix}"',
        '(prefix.rpartition(".")[0] or secrets.token_hex(8))',
    ),
    Mutant(
        "A file with a second name is written to", "_files.publish:Draft._take_over", "st_nlink > 1", "st_nlink > 9"
    ),
    Mutant(
        "Whatever has the name is published",
        "_files.publish:Draft._check_name",
        "if not self._named():",
        "if False:",
    ),
    Mutant("A part in use is taken over", "_files.publish:Draft._take_over", "not self.lock() or ", ""),
    Mutant("A replaced part is continued", "_files.partfile:_Note.fits", "return 0 <", "return True or 0 <"),
    Mutant(
        "The note outlives its version",
        "_files.partfile:PartFile.restart",
        "        self._forget(draft)\n",
        "",
    ),
    Mutant("Another version is appended", "_files.fetcher:_receive", "(validator, total) == ", "None is not "),
    Mutant("A part without a validator is continued", "_files.fetcher:_validator", ' and not tag.startswith("W/")', ""),
    Mutant(
        "A wrong range is appended",
        "_files.fetcher:_receive",
        "if stream.status == 206 and start != part.size:",
        "if False:",
    ),
    Mutant("An empty file is a video", "_files.fetcher:_is_complete", "if not size and", "if False and"),
    Mutant("The directory is not locked", "_files.publish:Directory._lock", "self.system.lock(descriptor)", "pass"),
    Mutant(
        "The private name stays",
        "_files.publish:Draft._name",
        "self._system.unlink(self.path)",
        "pass",
    ),
    Mutant(
        "Somebody else's file is replaced",
        "_files.place:Place._put_somewhere",
        'replace=policy == "overwrite"',
        "replace=True",
    ),
    Mutant(
        "A project takes another one's file for its own",
        "_files.ownership:Entry.fits",
        "abs(found.st_mtime_ns - self.modified) < grain",
        "True",
    ),
    Mutant(
        "The entry is forgotten",
        "_files.place:Place._put",
        "        owners.enter(self._project, stem, entry, retired)\n",
        "",
    ),
    Mutant(
        "An old render is good enough",
        "_files.ownership:Edition.same",
        "return self.rendered == other.rendered",
        "return True",
    ),
    Mutant(
        "An earlier version is not kept", "_files.place:Place._put_in_place", "if self._filing.keep_old:", "if False:"
    ),
    Mutant(
        "An earlier version is forgotten",
        "_files.versions:keep",
        "            owners.enter(project, stem, attrs.evolve(mine, name=name, old=True))\n",
        "",
    ),
    Mutant("An earlier version is taken for the current one", "_files.ownership:Ownership.find", " if not one.old", ""),
    Mutant("A version too many is kept", "_files.versions:prune", "[keep_old:]", "[keep_old + 1 :]"),
    Mutant("A version too few is kept", "_files.versions:prune", "[keep_old:]", "[max(keep_old - 1, 0) :]"),
    Mutant("The newest versions are removed", "_files.ownership:Ownership.old", "reverse=True", "reverse=False"),
    Mutant(
        "A link to a directory is followed",
        "_files.inside:check_room",
        "if not stat.S_ISDIR(found.st_mode):",
        "if False:",
    ),
    Mutant(
        "A backup is moved without its manifest",
        "_files.staging:Staging._move",
        "        self.system.replace(self.path / MANIFEST, self.target / MANIFEST)",
        "        self.system.unlink(self.path / MANIFEST)",
    ),
    Mutant("An interrupted move is forgotten", "_files.staging:Staging.open", "if self._is_whole():", "if False:"),
    Mutant(
        "A backup is not checked for a rival",
        "_files.staging:Staging._lock",
        "        self.system.lock(self._descriptor)\n",
        "",
    ),
    Mutant(
        "All templates are one to the cache",
        "_cache.disk:DiskStore._key",
        "self._base_url, template_id]",
        "self._base_url]",
    ),
    Mutant(
        "A damaged cache is an error",
        "_cache.disk:DiskStore._work",
        "except _UNUSABLE as error:",
        "except OSError as error:",
    ),
    Mutant(
        "Another program's file is a cache",
        "_cache.sqlite:Database._prepare",
        ' and run("SELECT count(*) FROM sqlite_master").fetchone() == (0,)',
        "",
    ),
)
