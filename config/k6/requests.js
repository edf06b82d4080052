// A wrapper of requests, as the contest's own script has one: a base, headers and a time limit, merged for each request.
import http from 'k6/http';

export class Requests {
  constructor(base, headers = {}) {
    this.base = base;
    this.parameters = { headers: { 'Content-Type': 'application/json', ...headers }, timeout: 1500 };
  }

  // Sends a request; resolves to its response, also if there was none (status 0).
  async send(method, path, body = null, { headers, tags } = {}) {
    const merged = {
      ...this.parameters,
      headers: { ...this.parameters.headers, ...headers },
      tags: { ...this.parameters.tags, ...tags },
    };
    return http.asyncRequest(method, `${this.base}${path}`, body, merged);
  }

  async get(path) {
    return this.send('GET', path);
  }

  async post(path, body, parameters) {
    return this.send('POST', path, body, parameters);
  }

  async put(path, body) {
    return this.send('PUT', path, body);
  }
}
