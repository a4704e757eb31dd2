# Sourced by bin/test and examples/run: a PostgreSQL of their own in "$scratch/postgres", for as long as they run.
# shellcheck shell=bash

postgres_runs=no

postgres_bin() {
  local folder
  if command -v initdb >/dev/null; then
    dirname "$(readlink -f "$(command -v initdb)")"
    return
  fi
  # Debian keeps the server's programs out of PATH, one folder for each version.
  for folder in /usr/lib/postgresql/*/bin; do
    if [[ -x $folder/initdb ]]; then
      printf '%s\n' "$folder"
      return
    fi
  done
  return 1
}

# PostgreSQL refuses to run as root.
postgres_user() {
  if id -u postgres >/dev/null 2>&1; then printf 'postgres'; else printf 'nobody'; fi
}

postgres_tool() {
  local tool
  tool=$(postgres_bin)/$1
  shift
  if ((EUID == 0)); then
    (cd / && runuser -u "$(postgres_user)" -- "$tool" "$@")
  else
    "$tool" "$@"
  fi
}

free_port() {
  local port
  for _ in {1..100}; do
    port=$((20000 + RANDOM % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      printf '%d\n' "$port"
      return
    fi
  done
  return 1
}

start_postgres() {
  # shellcheck disable=SC2154 # whoever sources this has a folder for its run, and removes it
  local folder=$scratch/postgres port
  mkdir "$folder"
  if ((EUID == 0)); then
    chmod 711 "$scratch"
    chown "$(postgres_user)" "$folder"
  fi
  quietly postgres_tool initdb --auth=trust --username=postgres --encoding=UTF8 --locale=C --no-sync -D "$folder/data"
  # Somebody else may take the port between the look and the start.
  for _ in 1 2 3 4 5; do
    port=$(free_port)
    postgres_runs=yes
    if postgres_tool pg_ctl start -w -t 60 -D "$folder/data" -l "$folder/log" \
      -o "-p $port -k $folder -c listen_addresses=127.0.0.1 -c max_connections=300 -c fsync=on" >/dev/null 2>&1; then
      export VICARIOUS_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres"
      return
    fi
  done
  cat "$folder/log" >&2
  return 1
}

stop_postgres() {
  if [[ $postgres_runs == yes ]]; then
    postgres_tool pg_ctl stop -D "$scratch/postgres/data" -m immediate >/dev/null 2>&1 || true
  fi
}
