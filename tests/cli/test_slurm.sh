#!/bin/bash
# lockstep slurm: the script's text, and what it does with stubs for srun, sbatch and the others. By Slurm itself: test_slurm_nodes.sh.
# shellcheck source-path=SCRIPTDIR/..
set -u
. "$SOURCE/tests/lib.sh"
cp -r "$SMALL" data
cat >"it's net.yaml" <<'C'
version: 1
data: {type: idx, dir: data, limit: {train: 300, test: 100}, scale: {type: divide, by: 255}}
model: {layers: [{units: 10, activation: softmax}]}
loss: cross_entropy
optimizer: {type: sgd, lr: 0.1}
train: {epochs: 2, batch: 50, slices: 8}
C
cp "it's net.yaml" net.yaml

if "$LOCKSTEP" --version | grep -q 'Open MPI'; then pmi=pmix; else pmi=pmi2; fi
# Stubs write down what they are called with; srun runs the program as one rank, once.
mkdir bin
for stub in sbatch scontrol sbcast; do printf '#!/bin/sh\necho %s "$@" >>calls\n' $stub >bin/$stub; done
echo 'echo "$(wc -l <calls);cluster"' >>bin/sbatch
cat >bin/srun <<'S'
#!/bin/sh
echo srun "$@" >>calls
[ "$1" != --mpi=list ] || { echo "${MPI_LIST:-none pmix pmix_v4 pmi2}" >&2; exit; }
while case $1 in -*) true ;; *) false ;; esac; do shift; done
exec "$@"
S
[ $pmi = pmix ] && mpirun="mpirun -n 4 --map-by slot:PE=1" || mpirun="mpiexec.hydra -n 4 -ppn 4 -bind-to core:1"
cp bin/srun bin/mpirun && sed -i 's/echo srun/echo mpirun/; s/-\*)/-*|slot:*|core:*|[0-9]*)/' bin/mpirun
sed 's/echo mpirun/echo mpiexec.hydra/' bin/mpirun >bin/mpiexec.hydra
chmod +x bin/*
ln -s "$LOCKSTEP" bin/lockstep
PATH=$PWD/bin:$PATH
script() { lockstep slurm "$@" >job.sh 2>err || fail "slurm $*: exit $?: $(cat err)"; }
says() { grep -qxF -- "$1" job.sh || fail "no line '$1' in: $(cat job.sh)"; }
checked() { ! command -v shellcheck >/dev/null || shellcheck job.sh || fail "shellcheck"; }
job() { : >calls; SLURM_JOB_ID=7 SLURM_CPUS_PER_TASK=2 SLURM_JOB_NUM_NODES=1 SLURM_ARRAY_TASK_ID=5 bash job.sh >log 2>&1; }

# The page's script is this command's.
page=$SOURCE/docs/clusters.md
sed -n '/^#!\/bin\/bash$/,/^```/p' "$page" | sed '/^```/,$d' >shown
command=$(grep -m1 -oE '^lockstep slurm net.yaml [^>]*' "$page")
# shellcheck disable=SC2086
script ${command#lockstep slurm}
sed '/^#SBATCH --mem=/d' job.sh >made
sed "/^#SBATCH --mem=/d; s/--mpi=pmix/--mpi=$pmi/" shown | diff made - || fail "docs/clusters.md shows another script"
checked

# Evenly on the nodes; the memory is of a dry run; it goes on by itself when it is stopped, and only then.
script net.yaml optimizer.lr=0.05 -N 2 -n 8 -c 2 -t 1:30:00 -o runs/a -p short --account theirs
for line in --nodes=2 --ntasks-per-node=4 --cpus-per-task=2 --time=0-01:30:00 --signal=USR1@120 --requeue --open-mode=append \
  --partition=short --account=theirs --job-name=net --output=net-%j.log; do says "#SBATCH $line"; done
grep -qE '^#SBATCH --mem=[0-9]{2,4}M$' job.sh || fail "memory: $(grep mem job.sh)"
checked
job || fail "the job: exit $?: $(cat log)"
grep -q "^srun --mpi=$pmi --cpus-per-task=2 lockstep train net.yaml optimizer.lr=0.05 -o runs/a --resume=auto$" calls || fail "called: $(cat calls)"
! grep -q requeue calls || fail "requeued when done"
run 0 train net.yaml optimizer.lr=0.05 -o b -q
same runs/a b "the script's run"
sed 's/^  lockstep train.*/  sh -c "exit 75"/' -i job.sh
job
[ $? -eq 75 ] && grep -qx 'scontrol requeue 7' calls || fail "not requeued after 75: $(cat calls)"
sed 's/exit 75/exit 71/' -i job.sh
job
[ $? -eq 71 ] && ! grep -q requeue calls || fail "requeued after 71"

# Words that a shell would take apart; data on each node; seeds.
script "it's net.yaml" 'train={epochs: 1, batch: 50, slices: 8}' data.dir=data -N 1 -n 1 -t 5 -o 'a b' --seeds 5 --sbcast
sed -i 's#/tmp/lockstep-#./copies-#' job.sh
checked
mkdir copies-7 && cp data/* copies-7
job || fail "words: exit $?: $(cat log calls)"
[ -e 'a b/seed-5/final.h5' ] || fail "words: $(ls; cat log)"
[ "$(grep -c '^sbcast --force data/.* ./copies-7/' calls)" -eq "$(ls data | wc -l)" ] || fail "copied: $(cat calls)"
[ ! -e copies-7 ] || fail "copies were left"
says '#SBATCH --array=5'
script net.yaml -N 1 -n 1 -t 90 --mem 3G
says '#SBATCH --mem=3G'
says '#SBATCH --time=0-01:30:00'

# A chain hands itself in; without what this MPI wants of srun, mpirun starts the ranks, which then watch the time themselves.
MPI_LIST="none cray_shasta" script net.yaml -N 1 -n 4 -t 2-12:00 -o chain --chain 3
checked
says '#SBATCH --no-requeue'
: >calls
env -u SLURM_JOB_ID bash job.sh || fail "the chain's script: exit $?"
[ "$(grep -c '^sbatch --parsable' calls)" -eq 3 ] && grep -q -- '--dependency=afternotok:2 job.sh' calls || fail "chain: $(cat calls)"
job || fail "a job of the chain: exit $?: $(cat log)"
grep -q "^$mpirun lockstep train net.yaml -o chain --time-limit 59:57:00 --resume=auto$" calls ||
  fail "called: $(cat calls)"

# What would fail again in each job behind it ends the chain: they are all cancelled at once. 75 and a kill do not.
cat >bin/squeue <<'S'
#!/bin/sh
echo '17 afternotok:8(unfulfilled)'; echo '8 afternotok:7(unfulfilled)'; echo '99 afternotok:77(unfulfilled)'; echo '70 (null)'
S
printf '#!/bin/sh\necho scancel "$@" >>calls\n' >bin/scancel
chmod +x bin/squeue bin/scancel
sed 's/^  lockstep train.*/  sh -c "exit $CODE"/' -i job.sh
for CODE in 65 70 71 78 75 74 137; do
  export CODE
  job
  [ $? -eq $CODE ] || fail "a chain's job that ends with $CODE: $(cat log)"
  case $CODE in 65 | 70 | 71 | 78) ends=1 ;; *) ends=0 ;; esac
  [ "$(grep -cx 'scancel 8 17' calls)" -eq $ends ] && [ "$(grep -c scancel calls)" -eq $ends ] || fail "$CODE in a chain: $(cat calls)"
done

# A watchdog's 70 leaves a note, and the next job goes on.
sed 's/^  sh -c.*/  sh -c "echo watchdog >>\\"$LOCKSTEP_WATCHDOG_NOTE\\"; exit 70"/' -i job.sh
job
[ $? -eq 70 ] && ! grep -q scancel calls && [ ! -e lockstep-7.note ] || fail "a watchdog's 70 in a chain: $(cat calls log)"

# --json has it as one text.
lockstep slurm net.yaml -N 1 -n 2 -t 60 --json >out 2>err || fail "--json: $(cat err)"
grep -q '^{"script":"#!/bin/bash\\n' out || fail "--json: $(cat out)"

# Refused, with the way out.
refused 64 "-N NODES, -n RANKS" slurm net.yaml -n 4 -t 60
refused 64 "-N NODES, -n RANKS" slurm net.yaml -N 1 -n 4
refused 64 "take -n 3 or -n 6" slurm net.yaml -N 3 -n 4 -t 60
refused 78 "train.slices=16" slurm net.yaml -N 2 -n 16 -t 60
for time in x 0 1:2:3:4 1- 5: -5 1:x ''; do refused 64 "Slurm's times" slurm net.yaml -N 1 -n 4 --time="$time"; done
refused 64 "exclude each other" slurm net.yaml -N 1 -n 4 -t 60 --chain 2 --seeds 1-2
for seeds in a '' 5-1 1,,2 1- 1,2, 1-2-3; do refused 64 "--seeds $seeds: a list like 1,2,5 or 1-5" slurm net.yaml -N 1 -n 4 -t 60 --seeds "$seeds"; done
for size in xG '' 3GB G -1 '3 G'; do refused 64 "a size like 3G or 500M" slurm net.yaml -N 1 -n 4 -t 60 "--mem=$size"; done
refused 64 "job script" slurm net.yaml -N 1 -n 4 -t 60 -p 'a b'
refused 64 "mpirun" slurm net.yaml -N 1 -n 4 -t 60 --launcher rsh
refused 65 "nowhere" slurm net.yaml data.dir=nowhere -N 1 -n 4 -t 60
finish
