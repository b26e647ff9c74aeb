#!/bin/bash
# A real Slurm cluster of emulated nodes on this one machine, from Debian's packages, without
# systemd, cgroups, an accounting database or a container engine. Needs root.
#
#   cluster.sh up FOLDER        start; FOLDER is short (sockets lie in it) and open to all (not 0700)
#   cluster.sh jobs FOLDER      every job of this cluster: comment|state|memory|CPUs|node
#   cluster.sh strays FOLDER    processes of jobs that outlived their job
#   cluster.sh down FOLDER      stop everything that `up` started, and nothing else
#
# FOLDER is mf-slurm.SOMETHING: by that name `up` knows what a killed run of these tests left.
#
# SLURM_NODES (3) nodes of SLURM_CPUS (2) CPUs and SLURM_MEMORY (8000) MB. More CPUs a node than the
# machine has would only mislead the Snakemake inside each job, which counts the real ones.
set -euo pipefail

action=${1:?up, jobs, strays or down}
folder=${2:?the cluster\'s folder}
nodes=${SLURM_NODES:-3}
cpus=${SLURM_CPUS:-2}
memory=${SLURM_MEMORY:-8000}
host=$(hostname -s)
system_conf=/etc/slurm/slurm.conf
export SLURM_CONF=$folder/slurm.conf

# A process that nobody has reaped yet answers to kill -0; its state does not lie.
is_running() {
    [ -r "/proc/$1/stat" ] && [ "$(awk '{ print $3 }' "/proc/$1/stat" 2>/dev/null)" != Z ]
}

in_background() {
    local name=$1
    shift
    setsid "$@" >"$folder/log/$name.out" 2>&1 </dev/null &
    echo $! >"$folder/pid/$name"
}

# Every client call has a time limit: without a controller they retry for minutes.
wait_until() {
    local seconds=$1
    shift
    local deadline=$((SECONDS + seconds))
    until timeout 5 "$@" >/dev/null 2>&1; do
        if ((SECONDS > deadline)); then
            echo "gave up after $seconds s waiting for: $*" >&2
            tail -n 15 "$folder"/log/* >&2
            return 1
        fi
        sleep 0.1
    done
}

all_idle() { [ "$(sinfo --noheader --states=idle --format=%D)" = "$nodes" ]; }
export -f all_idle
export nodes

strays() {
    local environ process
    for environ in /proc/[0-9]*/environ; do
        process=${environ#/proc/}
        process=${process%/environ}
        if grep -qzs '^SLURM_CLUSTER_NAME=multifidus$' "$environ" && is_running "$process"; then
            echo "$process"
        fi
    done
}

write_configuration() {
    # JobRequeue=0: a lost job is Snakemake's to retry, not Slurm's as well. MinJobAge: finished jobs
    # stay visible to squeue until the end. pgid tracking leaves no process behind, and
    # OverMemoryKill enforces memory where there is no cgroup to do it.
    cat >"$SLURM_CONF" <<CONF
ClusterName=multifidus
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/pid/real.slurmctld
SlurmdPidFile=$folder/pid/real.%n
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.%n.log
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill,UsePss
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=3600
KillWait=5
JobRequeue=0
NodeName=n[1-$nodes] NodeAddr=127.0.0.1 Port=[17001-$((17000 + nodes))] CPUs=$cpus RealMemory=$memory State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=120 DefaultTime=10 DefMemPerCPU=500 State=UP
CONF
    # slurmd loads a cgroup plugin at start even when nothing uses it; this one starts everywhere.
    echo 'CgroupPlugin=cgroup/v1' >"$folder/cgroup.conf"
}

# Daemons and clients of the cluster with this configuration, which they name in their environment.
processes_of() {
    local environ process
    for environ in /proc/[0-9]*/environ; do
        process=${environ#/proc/}
        process=${process%/environ}
        if grep -qzsxF "SLURM_CONF=$1" "$environ" && is_running "$process"; then
            echo "$process"
        fi
    done
}

# A process and its start, which its number alone does not identify.
lifetime() { awk '{ print $1, $22 }' "/proc/$1/stat" 2>/dev/null; }

# A test run that was killed leaves its link, and perhaps its daemons, behind. They go; a Slurm that
# is not of these tests, or whose tests still run, stays.
remove_leftover() {
    [ -e "$system_conf" ] || [ -L "$system_conf" ] || return 0
    local left owner process
    left=$(readlink "$system_conf" || true)
    owner=$(cat "${left%/*}/pid/owner" 2>/dev/null || true)
    if [[ $left != */mf-slurm.*/slurm.conf ]] ||
        { [ -n "$owner" ] && [ "$(lifetime "${owner% *}")" = "$owner" ]; }; then
        echo "$system_conf exists: another Slurm lives here, and is left alone" >&2
        exit 3
    fi
    for process in $(processes_of "$left"); do
        kill -9 "$process" 2>/dev/null || true
    done
    for process in $(strays); do
        kill -9 "$process" 2>/dev/null || true
    done
    rm -f "$system_conf"
}

up() {
    remove_leftover
    mkdir -p "$folder"/{munge,state,spool,log,pid}
    lifetime "$PPID" >"$folder/pid/owner"
    chmod 755 "$folder" "$folder/munge"
    (umask 377 && head -c 128 /dev/urandom >"$folder/munge/key")
    write_configuration
    # Snakemake's job step drops SLURM_CONF from the environment, so the file must also lie where
    # Slurm looks by itself.
    mkdir -p /etc/slurm
    ln -s "$SLURM_CONF" "$system_conf"

    in_background munged munged --foreground --key-file="$folder/munge/key" \
        --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" \
        --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"
    wait_until 10 munge --socket="$folder/munge/socket" --no-input
    in_background slurmctld slurmctld -D -i
    local number
    for number in $(seq "$nodes"); do
        # A host name and a /var/tmp of its own: a job that hands another one a file of its node
        # fails here as it would on a cluster.
        in_background "slurmd.n$number" unshare --uts --mount --propagation private bash -c \
            "hostname n$number && mount -t tmpfs -o size=256m tmpfs /var/tmp && exec slurmd -D -N n$number"
    done
    wait_until 30 bash -c all_idle
}

stop() {
    local process=$1
    is_running "$process" && kill "$process" 2>/dev/null || true
    for _ in $(seq 100); do
        is_running "$process" || return 0
        sleep 0.1
    done
    kill -9 "$process" 2>/dev/null || true
}

down() {
    [ -f "$SLURM_CONF" ] || return 0
    timeout 10 scancel --user=root >/dev/null 2>&1 || true
    for _ in $(seq 80); do
        [ -n "$(timeout 5 squeue --noheader 2>/dev/null)" ] || break
        sleep 0.1
    done
    timeout 10 scontrol shutdown >/dev/null 2>&1 || true
    local name process
    for name in slurmctld $(cd "$folder/pid" && ls -d slurmd.n* 2>/dev/null) munged; do
        [ -f "$folder/pid/$name" ] && stop "$(cat "$folder/pid/$name")"
    done
    for process in $(strays); do
        kill -9 "$process" 2>/dev/null || true
    done
    if [ "$(readlink "$system_conf" 2>/dev/null)" = "$SLURM_CONF" ]; then
        rm -f "$system_conf"
    fi
}

case $action in
up) up ;;
jobs) timeout 20 squeue --noheader --states=all --format='%k|%T|%m|%C|%N' ;;
strays) strays ;;
down) down ;;
*)
    echo "usage: $0 up|jobs|strays|down FOLDER" >&2
    exit 2
    ;;
esac
