# Two images: `docker build .` gives one that runs as nobody in particular, for Kubernetes and bare
# hosts; `docker build --target sagemaker .` the same as root, as SageMaker's hosts expect.

# The full image has the compiler that the slim one lacks.
FROM python:3.12-bookworm AS build
WORKDIR /source
COPY . .
RUN python -m venv /opt/pairloom && \
    /opt/pairloom/bin/python -m pip install --no-cache-dir ".[arrow,compression,plots,serve]"

FROM python:3.12-slim-bookworm AS runtime
LABEL org.opencontainers.image.title="Pairloom" \
      org.opencontainers.image.licenses="Apache-2.0" \
      com.amazonaws.sagemaker.capabilities.accept-bind-to-port="true"
COPY --from=build /opt/pairloom /opt/pairloom
COPY docker/train docker/serve /usr/local/bin/
COPY scripts/container_health.py /usr/local/lib/pairloom/container_health.py
# A container's own loopback is out of reach: its server listens on every address that it has.
ENV PATH=/opt/pairloom/bin:$PATH \
    PAIRLOOM_HOST=0.0.0.0 \
    MPLCONFIGDIR=/tmp/matplotlib
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "/usr/local/lib/pairloom/container_health.py"]
# `docker run IMAGE train` and `docker run IMAGE serve`; the programs are on PATH as well.
ENTRYPOINT ["pairloom", "container"]
CMD ["serve"]

FROM runtime AS sagemaker

FROM runtime AS default
RUN mkdir /opt/ml && chown 10001:10001 /opt/ml
USER 10001:10001
