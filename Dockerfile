# Node 24 is the long-term release; the code runs on 20.19 and newer. To pin the image, give its digest:
# docker build --build-arg NODE=24-bookworm-slim@sha256:…
ARG NODE=24-bookworm-slim

FROM node:${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Not `npm ci`: npm 11 refuses its own lock when binaries of other platforms are missing from it.
RUN npm install --include=dev --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY bot bot
COPY client client
COPY simulator simulator
COPY bench bench
COPY widget widget
RUN npm run build && npm prune --omit=dev

FROM node:${NODE}
ENV NODE_ENV=production \
    SERVER_MODE=PRODUCTION \
    HOST=0.0.0.0 \
    WEB_SERVER_PORT=5000
WORKDIR /app
RUN groupadd --gid 10001 deskcord \
 && useradd --uid 10001 --gid deskcord --no-create-home --shell /usr/sbin/nologin deskcord
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist/src dist/src
COPY --from=build /app/dist/bot dist/bot
USER deskcord
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.WEB_SERVER_PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=32", "--enable-source-maps", "dist/src/main.js"]
