# One image for every process; the command says which one runs.
FROM python:3.12-slim-bookworm AS build
WORKDIR /app
COPY deploy/requirements.lock deploy/requirements.lock
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r deploy/requirements.lock
COPY libs libs
COPY protos protos
COPY services services
COPY gateway gateway
COPY vaultline vaultline
RUN /venv/bin/python -m compileall -q libs protos services gateway vaultline

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin vaultline
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 4000
CMD ["python", "-m", "gateway"]
