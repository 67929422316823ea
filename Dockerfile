# DevEx with everything that isolation and the templates want: bubblewrap, passt, nftables, git, python3. How to run it: docs/docker.md.
# Another base with Debian or Ubuntu and Node 20.19 or newer will do: docker build --build-arg BASE=… .
ARG BASE=node:20-bookworm-slim

FROM ${BASE} AS build
WORKDIR /opt/devex
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
# Packages of pages that are rendered here are among those for building: all stay.
RUN npm run build

FROM ${BASE}
# tini is process 1: it ends what DevEx leaves behind and hands the signal of `docker stop` on.
RUN apt-get update -qq \
  && apt-get install -y -qq --no-install-recommends \
    bash bubblewrap ca-certificates curl git nftables passt procps python3 python3-venv tini \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/devex
COPY --from=build /opt/devex/package.json ./
COPY --from=build /opt/devex/node_modules node_modules
COPY --from=build /opt/devex/build build
COPY --from=build /opt/devex/templates templates
# An ordinary user of number 1000, as `node` is in the official images.
RUN install -d -o 1000 -g 1000 -m 700 /data
USER 1000:1000
ENV HOME=/tmp NODE_ENV=production
VOLUME /data
EXPOSE 7070
ENTRYPOINT ["tini", "--", "node", "build/programs/up.js"]
CMD ["up", "--data", "/data", "--host", "0.0.0.0"]
