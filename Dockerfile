# Hedgerow and what it stands on, in the versions of constraints.txt. The backend's own file is brought along:
#   docker build -t hedgerow . && docker run -p 8000:8000 --env-file .env -v ./backend.py:/app/backend.py:ro hedgerow
# or, in a Dockerfile of your own:  FROM hedgerow  /  COPY backend.py /app/
FROM python:3.11-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN python -m venv /hedgerow \
 && /hedgerow/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt . \
 && /hedgerow/bin/python -m compileall -q /hedgerow/lib

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10000 --home-dir /app hedgerow \
 && mkdir -p /app /data && chown hedgerow:hedgerow /data
COPY --from=build /hedgerow /hedgerow
ENV PATH=/hedgerow/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HEDGEROW_DATABASE_URL=sqlite:////data/data.db HEDGEROW_STORAGE_URL=file:///data/files
WORKDIR /app
USER hedgerow
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["hedgerow"]
CMD ["serve", "backend.py", "--host", "0.0.0.0", "--port", "8000"]
