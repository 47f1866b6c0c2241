# photonctl alone, without the emulator, as a user without rights. Every package by its hash.
#   docker build -t photonctl .
#   docker run --rm -e PHOTON_TOKEN -v "$PWD:/work" --user "$(id -u):$(id -g)" photonctl plan
FROM python:3.13-slim AS build
COPY requirements/run.txt /src/requirements/run.txt
RUN python -m venv /opt/photonctl \
 && /opt/photonctl/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement /src/requirements/run.txt
COPY . /src
RUN /opt/photonctl/bin/pip install --no-cache-dir --no-build-isolation --no-deps /src

FROM python:3.13-slim
COPY --from=build /opt/photonctl /opt/photonctl
ENV PATH="/opt/photonctl/bin:$PATH" PYTHONUNBUFFERED=1 HOME=/tmp
WORKDIR /work
USER 65532:65532
ENTRYPOINT ["photonctl"]
