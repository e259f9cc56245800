# KRM as one image: the command `krm` on a Node.js, and no more. `docker build .` or `buildah bud .`, from the
# repository's root; deploy/README.md has the commands.

# Where it is built: any image with a shell, Node.js of .node-version, npm, and the same C library as BASE_IMAGE.
ARG BUILD_IMAGE=docker.io/library/node:24.21.0-bookworm-slim
# Where it runs: glibc and libstdc++ are all that is needed. Node.js comes from BUILD_IMAGE.
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:latest

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
ENV CI=true NPM_CONFIG_UPDATE_NOTIFIER=false

# Which pnpm is written in package.json, for everyone. What the lockfile names is kept as a layer of its own.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN npm install --global --no-audit --no-fund "$(node -p 'require("./package.json").packageManager')"
RUN pnpm fetch

COPY . .
RUN pnpm install --offline --frozen-lockfile \
 && pnpm --filter '@krm/cli...' exec tsup --silent \
 && pnpm --offline --config.inject-workspace-packages=true --filter @krm/cli --prod deploy /opt/krm \
 && node deploy/docker/finish.mjs /opt/krm

FROM ${BASE_IMAGE}
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /opt/krm /opt/krm
ENV PATH=/opt/krm/bin:/usr/local/bin:/usr/bin:/bin NODE_ENV=production
# A number, so that runAsNonRoot can be checked. Nothing is written but where a flag says so.
USER 65532:65532
WORKDIR /
ENTRYPOINT ["krm"]

ARG VERSION=0.0.0
ARG REVISION=unknown
ARG SOURCE=
ARG BASE_IMAGE
LABEL org.opencontainers.image.title="krm" \
      org.opencontainers.image.description="Kubernetes Resource Monitor: a copy of a cluster's state that programs read instead of the API server." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
