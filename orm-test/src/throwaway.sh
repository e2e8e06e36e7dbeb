# The life of one throwaway server. Runs in the server's directory, outlives the test process that
# started it, and its output is the server's log.
#
#     sh -c "$(cat throwaway.sh)" throwaway binaries FOLDER
#     sh -c "$(cat throwaway.sh)" throwaway docker IMAGE CONTAINER
set -eu
dir=$PWD
trap 'cd /; rm -rf "$dir"; rmdir "${dir%/*}" 2>/dev/null || :' EXIT
trap '' HUP INT TERM

options='-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200'

# $options is several arguments, so it is not quoted.
case $1 in
binaries)
    serve() { "$1/postgres" -D data -k "$dir" -c listen_addresses= $options; }
    # The server itself keeps its process id in this file.
    stop() { kill -QUIT "$(head -n 1 data/postmaster.pid)"; }
    "$2/initdb" -D data -U postgres --auth=trust --encoding=UTF8 --locale=C --no-sync
    ;;
docker)
    serve() {
        docker run --rm --name "$2" --publish 127.0.0.1::5432 \
            --env POSTGRES_HOST_AUTH_METHOD=trust "$1" $options
    }
    stop() { docker rm --force --volumes "$2"; }
    ;;
esac
shift
{
    serve "$@" </dev/null || :
    : >ended
} &

# Every test process holds this FIFO open for writing, so reading it ends when the last of them has
# ended, however it did.
until_unused() {
    # Opened for both first: opening it for reading alone would wait for a writer.
    exec 3<>"$1" 4<"$1" 3>&-
    cat <&4
}
until_unused users
# From here on nobody can join. Whoever did between these two lines is waited for.
mv users closed
until_unused closed

# More than once, since the server may only just be starting. If somebody cleaned up the temporary
# directory, there is nothing to wait for.
while
    stop "$@" 2>/dev/null || :
    [ -d "$dir" ] && [ ! -e ended ]
do
    sleep 1
done
