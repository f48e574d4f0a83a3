# The service as an image. `docker build -t fdi-monitor .`
# Every distribution comes through the hashes of requirements.lock; see docs/decisions/0002-image-dependencies.md.

FROM python:3.13-slim AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock ./
RUN pip download --quiet --require-hashes --dest /wheels -r requirements.lock
COPY pyproject.toml README.md ./
COPY monitor ./monitor
RUN pip wheel --quiet --no-index --find-links /wheels --no-deps --wheel-dir /dist . \
    && python -m venv /app \
    && /app/bin/pip install --quiet --no-index --find-links /wheels --find-links /dist 'fdi-monitor[postgres]'

FROM python:3.13-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent fdi-monitor \
    && install --directory --owner=fdi-monitor --group=fdi-monitor --mode=0700 /data
COPY --from=build /app /app
COPY rules /rules
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 FDI_MONITOR_RULES=/rules FDI_MONITOR_DATA=/data
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, sys; from http.client import HTTPConnection as C; c = C('127.0.0.1', int(os.environ.get('FDI_MONITOR_WEB__PORT') or 8080), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["fdi-monitor"]
CMD ["run"]
