# One image for every process of the system: the command says which. No BuildKit needed.
# A tag may be another image tomorrow; docs/operations.md says how to name one by its digest.
ARG BASE_IMAGE=python:3.13-slim-trixie

FROM ${BASE_IMAGE} AS build
# pip reads its settings from PIP_* variables; as build arguments they reach this stage alone.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ARG PIP_DEFAULT_TIMEOUT
# "scale" for an image that can do with NATS and PostgreSQL.
ARG EXTRA
WORKDIR /src
# The dependencies first, as they are locked: they change less often than the code, and this layer is kept.
COPY config/requirements/build.txt config/requirements/runtime*.txt ./
# Wheels alone: to build one would take packages that no lock names.
RUN pip wheel --no-cache-dir --quiet --require-hashes --no-deps --only-binary :all: --wheel-dir /wheels -r build.txt -r "runtime${EXTRA:+-$EXTRA}.txt"
COPY . .
# From here on nothing is downloaded: what builds the package is among the wheels, too.
RUN pip wheel --no-cache-dir --quiet --no-deps --no-index --find-links /wheels --wheel-dir /wheels . \
 && python -m venv --without-pip /opt/rinha \
 && pip --python /opt/rinha/bin/python install --no-cache-dir --quiet --no-compile --no-index --find-links /wheels "rinha-actors${EXTRA:+[$EXTRA]}" \
 && python -m compileall -q --invalidation-mode unchecked-hash /opt/rinha/lib

FROM ${BASE_IMAGE}
# A volume that is mounted at /var/lib/rinha takes over its owner.
# The slim images come without the standard library's bytecode, and with a read-only root it would be made at each start.
RUN python -m compileall -q -x '/(test|tests|idlelib|ensurepip|site-packages|dist-packages)/' \
      "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
 && groupadd --gid 10001 rinha \
 && useradd --uid 10001 --gid rinha --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin rinha \
 && install -d -o rinha -g rinha -m 0700 /var/lib/rinha \
 && touch /etc/ssl/no-authorities.pem
COPY --from=build /opt/rinha /opt/rinha
COPY config/healthcheck.sh /usr/local/bin/healthcheck
# No process speaks TLS, but aiohttp would read every authority's certificate when it is imported: 8 % of an API's start.
# A library that is added and verifies by the system's directory of certificates still does.
ENV PATH=/opt/rinha/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    SSL_CERT_FILE=/etc/ssl/no-authorities.pem
USER rinha
EXPOSE 9999
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["healthcheck", "9999", "/health/ready"]
ENTRYPOINT ["rinha"]
CMD ["up"]
