FROM python:3.11-slim

WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY domain domain
COPY application application
COPY projections projections
COPY adapters adapters
COPY benchmarks benchmarks
RUN pip install --no-cache-dir . \
    && useradd --create-home --uid 10001 presage \
    && install --directory --owner presage /data

# By number, so that Kubernetes can tell that it is not root.
USER 10001
ENV PRESAGE_DATA=/data PRESAGE_HOST=0.0.0.0 PRESAGE_PORT=8000
VOLUME /data
EXPOSE 8000
CMD ["presage", "serve"]
