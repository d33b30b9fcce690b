# What every host of a TPU slice does: one group's runs, in order.
# `forgetting study FILE --on skypilot|gke` fills in what is in double braces.
# Done runs are skipped, a stopped one goes on from its newest checkpoint.

# JAX asks Google's machines for the other hosts when there are any
export FORGETTING_HOSTS={{hosts}}
export FORGETTING_JOB={{job}}

# a signal goes on to the run, which saves and ends with 75
stopping= pid=
trap 'stopping=1; [ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null' TERM

passing_signals_on() {
  "$@" &
  pid=$!
  wait "$pid"
  code=$?
  # a signal ends the waiting, not the run
  while kill -0 "$pid" 2>/dev/null; do
    wait "$pid"
    code=$?
  done
  pid=
  return "$code"
}

# text once a host, hashes checked, before the first step
{{program}} data pull {{study}} {{own_text}} --at {{text}} || exit 1

failed=0
for name in {{names}}; do
  [ -z "$stopping" ] || exit 75
  passing_signals_on {{program}} {{worker}} --name "$name"
  code=$?
  case $code in
    0) ;;
    # another job is doing it
    4) ;;
    # saved: the engine starts this job again
    75) exit 75 ;;
    *) echo "forgetting: $name: ended with $code" >&2; failed=1 ;;
  esac
done
exit $failed
