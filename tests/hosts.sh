# hosts.sh - several hosts on one machine, out of network, host name and mount namespaces; sourced behind lib.sh. What they are made of
# ends with the script's processes: nothing is left behind, however it ends.
# shellcheck shell=bash
skip() { echo "skipped: $*"; exit 77; }

# hosts_enter ARGUMENT...: begin this script once more, with these arguments, where hosts can be made. Needs root or user namespaces.
hosts_enter() {
  local new why tool
  [ -z "${INSIDE:-}" ] || return 0
  [ "$(id -u)" -eq 0 ] && new=(unshare --net --mount --uts) || new=(unshare --user --map-root-user --net --mount --uts)
  for tool in unshare nsenter ip; do command -v $tool >/dev/null || skip "$tool is not installed (util-linux, iproute2)"; done
  why=$("${new[@]}" ip link add lone type bridge 2>&1) || skip "no namespaces here, not even for ${new[*]}: $why"
  INSIDE=yes exec "${new[@]}" bash "$0" "$@"
}

# hosts_make COUNT: this process is on h1, 10.77.0.1, whose eth0 joins the others, h2, h3 ...; /etc/hosts is their name service, and each
# has a /dev/shm of its own. host_pid[2]: a process of h2. ./agent: what launchers take for ssh.
hosts_make() {
  local i n settle
  printf '127.0.0.1 localhost\n' >hosts
  for ((i = 1; i <= $1; i++)); do echo "10.77.0.$i h$i" >>hosts; done
  settle='mount --make-rprivate / && hostname "$0" && mount --bind hosts /etc/hosts && mount -t tmpfs shm /dev/shm && ip link set lo up'
  sh -c "$settle" h1 || skip "cannot settle in the namespaces"
  ip link add eth0 type bridge && ip addr add 10.77.0.1/24 dev eth0 && ip link set eth0 up || skip "no bridge"
  host_pid=()
  trap '[ ${#host_pid[@]} -eq 0 ] || kill "${host_pid[@]}"' EXIT
  for ((i = 2; i <= $1; i++)); do
    unshare --net --mount --uts sh -c "$settle && echo settled >h$i && exec sleep 3600" "h$i" &
    host_pid[i]=$!
    for ((n = 0; n < 100; n++)); do [ -s "h$i" ] || sleep 0.05; done
    [ -s "h$i" ] || skip "cannot settle in the namespaces of h$i"
    echo $! >"h$i.pid"
    ip link add "to$i" type veth peer name eth0 netns $! && ip link set "to$i" master eth0 up
    nsenter -t $! -n ip addr add "10.77.0.$i/24" dev eth0 && nsenter -t $! -n ip link set eth0 up || skip "no cable to h$i"
  done
  # Called as agent [OPTION]... HOST COMMAND..., it stands between a launcher and its daemon, as ssh does.
  cat >agent <<'A'
#!/bin/sh
while case $1 in -*) true ;; *) false ;; esac; do shift; done
read -r pid <"${0%/*}/$1.pid"
shift
nsenter -t "$pid" -n -m -u sh -c "$*"
A
  chmod +x agent
}
