# The page, then the wheel with the page inside, then an image with nothing but the wheel.
FROM node:22-slim AS page
WORKDIR /build/page
COPY adapters/web/page/package.json adapters/web/page/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY adapters/web/page ./
RUN npm run build

FROM python:3.11-slim AS wheel
WORKDIR /build
RUN pip install --no-cache-dir build
COPY pyproject.toml README.md LICENSE ./
COPY domain domain
COPY application application
COPY projections projections
COPY adapters adapters
COPY benchmarks benchmarks
COPY presage presage
COPY --from=page /build/built adapters/web/built
RUN python -m build --wheel --outdir /wheels

FROM python:3.11-slim
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir /wheels/*.whl \
    && rm -r /wheels \
    && useradd --create-home --uid 10001 presage \
    && install --directory --owner presage /data

# By number, so that Kubernetes can tell that it is not root.
USER 10001
ENV PRESAGE_DATA=/data PRESAGE_HOST=0.0.0.0 PRESAGE_PORT=8000
VOLUME /data
EXPOSE 8000
CMD ["presage", "serve"]
