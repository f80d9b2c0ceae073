FROM python:3.11-slim

WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY domain domain
COPY application application
COPY projections projections
COPY adapters adapters
COPY benchmarks benchmarks
RUN pip install --no-cache-dir . \
    && useradd --create-home presage \
    && install --directory --owner presage /data

USER presage
ENV PRESAGE_DATA=/data PRESAGE_HOST=0.0.0.0 PRESAGE_PORT=8000
VOLUME /data
EXPOSE 8000
CMD ["presage", "serve"]
