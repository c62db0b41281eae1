# The bot as an image: `docker build -t hacluster .`
#
# BASE is any image with Python 3.11 or newer and its venv module. Everything that is installed is pinned by hash.
ARG BASE=python:3.12-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
# what builds the wheel stays in an environment of its own, and in this stage
COPY requirements-build.txt ./
RUN python3 -m venv /build && /build/bin/pip install --quiet --require-hashes -r requirements-build.txt
COPY requirements.txt ./
RUN python3 -m venv /opt/hacluster && /opt/hacluster/bin/pip install --quiet --require-hashes -r requirements.txt
COPY pyproject.toml README.md ./
COPY bot bot
COPY commands commands
COPY config config
RUN /build/bin/pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/hacluster/bin/pip install --quiet --no-index --no-deps /wheel/*.whl

FROM ${BASE}
# The entry in passwd is for the login name that the terminal's audit shows; Kubernetes' runAsNonRoot wants the number.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin hacluster \
    && install --directory --owner=10001 --group=10001 --mode=700 /data
COPY --from=build /opt/hacluster /opt/hacluster
ENV PATH=/opt/hacluster/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    USER=hacluster
# settings (hacluster.toml) and the store (hacluster.db) are looked for in the working directory
WORKDIR /data
VOLUME /data
USER 10001:10001
# by the bot's own settings: the port may stand in hacluster.toml
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["hacluster", "health"]
ENTRYPOINT ["hacluster"]
CMD ["serve"]
