# One image for the API, workers, migrations and the simulator; the command determines which of them runs.
FROM node:24-slim AS console
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY frontend .
RUN npm run bundle

FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements/uv.lock requirements/uv.lock
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements/uv.lock
# Dependencies are installed first, because they change less often than the code. Every file's hash is checked. The
# servers of the embedded stack are left out, because they run in their own containers here.
COPY requirements/container.lock requirements/container.lock
RUN uv venv /opt/chimera \
    && uv pip sync --python /opt/chimera/bin/python --require-hashes --compile-bytecode requirements/container.lock
COPY . .
COPY --from=console /src/api/console api/console
RUN uv pip install --python /opt/chimera/bin/python --no-deps --no-build-isolation --offline --compile-bytecode .

FROM python:3.12-slim
# The SDKs trust the system's certificates, which slim images don't include.
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/chimera --create-home chimera
COPY --from=build /opt/chimera /opt/chimera
ENV PATH=/opt/chimera/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CHIMERA_DATA_DIR=/var/lib/chimera \
    CHIMERA_HOST=0.0.0.0 \
    CHIMERA_LOG_JSON=true
USER chimera
WORKDIR /var/lib/chimera
EXPOSE 8000
CMD ["python", "-P", "-m", "api"]
