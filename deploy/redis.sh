#!/bin/sh
# Starts Redis with one user per kind of process. Passwords come from the environment; the file holds hashes only.
set -eu

hash_of() {
	printf %s "$1" | sha256sum | cut -d ' ' -f 1
}

file="${REDIS_ACL_FILE:-/tmp/users.acl}"
umask 077
cat >"$file" <<END
user default off
user health on nopass resetchannels -@all +ping
user producer on #$(hash_of "$REDIS_PRODUCER_PASSWORD") resetchannels ~vaultline:events ~vaultline:bulk ~vaultline:snapshots -@all +xadd +ping +client|setinfo
user scheduler on #$(hash_of "$REDIS_SCHEDULER_PASSWORD") resetchannels ~vaultline:snapshots -@all +xadd +ping +client|setinfo
user ingest on #$(hash_of "$REDIS_INGEST_PASSWORD") resetchannels ~vaultline:events ~vaultline:bulk ~vaultline:snapshots -@all +xlen +xpending +ping +client|setinfo
user worker on #$(hash_of "$REDIS_WORKER_PASSWORD") resetchannels ~vaultline:events ~vaultline:bulk ~vaultline:snapshots -@all +xreadgroup +xgroup +xinfo +xpending +xclaim +xack +xdel +xrange +xlen +eval +evalsha +script|load +ping +client|setinfo
END
unset REDIS_PRODUCER_PASSWORD REDIS_SCHEDULER_PASSWORD REDIS_INGEST_PASSWORD REDIS_WORKER_PASSWORD

exec redis-server \
	--port "${REDIS_PORT:-6379}" \
	--dir "${REDIS_DATA:-/data}" \
	--appendonly yes \
	--save "" \
	--maxmemory "${REDIS_MAXMEMORY:-512mb}" \
	--maxmemory-policy noeviction \
	--aclfile "$file"
