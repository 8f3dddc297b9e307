# Which servers, and where. Source it after servers.sh.

DEV_ENV=0.6.7
# The packages below it, 660 of them, are the newest of this day: every install is the same.
NEWEST=2026-11-15
SERVERS="$REAL/bluesky-$DEV_ENV-$NEWEST"
