#!/usr/bin/env bash
# A week of nightly syncs, and what happens in between. It plays on a simulated account:
#     pictory simulate --scenario agency --control
# Each argument is a day; without any, it is the whole week.
set -u
control=${CONTROL:-http://127.0.0.1:8790/_control}
read -ra options <<< "--yes --retry-unstarted ${SYNC_OPTIONS:-}"

sync() {
    pictory sync videos "${options[@]}" "$@" > rows.tsv
    echo "exit code $?"
}

# The machine fails in the middle of the night: as soon as a render is under way.
killed() {
    pictory sync videos "${options[@]}" > rows.tsv 2> killed.log &
    local pid=$!
    while kill -0 "$pid" 2> /dev/null && ! curl -s "$control" | grep -q '"rendering"'; do :; done
    kill -9 "$pid" 2> /dev/null
    wait "$pid" 2> /dev/null
    echo "killed"
}

# What others do in the web app.
person() { curl -s -X POST "$control/$1" > /dev/null; }
project() { pictory projects --columns id --format tsv | sed -n "$1p"; }

monday() { # the first night: everything is new
    killed
    sync
}

tuesday() { # nothing has changed: this costs the pages of the list
    sync
}

wednesday() { # three projects were edited
    for number in 1 2 3; do person "projects/$(project $number)/edit"; done
    killed
    sync
}

thursday() { # a project was deleted, and somebody lost a file
    person "projects/$(project 4)/delete"
    find videos -name '*.mp4' | sort | head -n 1 | tr '\n' '\0' | xargs -0 rm
    sync
}

friday() { # the key was revoked, and replaced in the morning
    person "projects/$(project 5)/edit"
    person key/revoke
    sync
    person key/restore
    killed
    sync
}

saturday() { # two runs at once
    person "projects/$(project 6)/edit"
    person "projects/$(project 7)/edit"
    pictory sync videos "${options[@]}" > other.tsv 2> other.log &
    sync
    wait
}

sunday() { # somebody rendered in the web app, without an edit
    person "projects/$(project 8)/render"
    while curl -s "$control" | grep -Eq '"(queued|rendering)"'; do :; done
    sync --verify
    pictory runs
}

for day in "${@:-monday tuesday wednesday thursday friday saturday sunday}"; do
    for one in $day; do
        echo "== $one"
        "$one"
    done
done
