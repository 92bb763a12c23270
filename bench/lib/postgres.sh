# A PostgreSQL of our own for one run, with real durability: what is committed is on the disk.
# shellcheck shell=bash

cluster=

postgres_bin() {
    local folder newest=
    if [[ -n ${PG_BIN:-} ]]; then
        echo "$PG_BIN"
        return
    fi
    for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin /usr/local/pgsql/bin | sort -V); do
        [[ -x $folder/initdb ]] && newest=$folder
    done
    if [[ -z $newest ]] && command -v initdb >/dev/null; then
        newest=$(dirname "$(command -v initdb)")
    fi
    echo "$newest"
}

# start_postgres: a cluster with the server's own settings, none of them for speed; its URL in $postgres_url, its first
# process in $postmaster.
start_postgres() {
    pg_bin=$(postgres_bin)
    cluster=$work/postgres
    mkdir "$cluster"
    as_other=()
    if [[ $(id -u) == 0 ]]; then
        # PostgreSQL refuses to run as root.
        chmod 755 "$work"
        chown nobody "$cluster"
        as_other=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups env "HOME=$cluster")
    fi
    (
        cd "$cluster"
        "${as_other[@]}" "$pg_bin/initdb" -D data -A trust -U postgres -E UTF8 --locale=C >init.log 2>&1 ||
            { cat init.log >&2; exit 1; }
        "${as_other[@]}" "$pg_bin/pg_ctl" -D data -l "$cluster/server.log" -s -w start \
            -o "-k $cluster -c listen_addresses=''" || { cat server.log >&2; exit 1; }
    ) || fail "PostgreSQL did not start."
    postgres_url="postgres:///postgres?host=$cluster&user=postgres"
    postmaster=$(head -1 "$cluster/data/postmaster.pid")
}

stop_postgres() {
    [[ -n $cluster ]] || return 0
    "${as_other[@]}" "$pg_bin/pg_ctl" -D "$cluster/data" -m immediate -s stop || true
    cluster=
}
