// Exact decimals. Each user has its own copy, as each has of the library that the contest's own script imports.
export class Decimal {
  constructor(value) {
    const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(String(value));
    this.sign = sign ? -1 : 1;
    this.scale = fraction.length;
    this.digits = [...`${whole}${fraction}`].map(Number);
  }

  toString() {
    const text = this.digits.join('').padStart(this.scale + 1, '0');
    const point = text.length - this.scale;
    return `${this.sign < 0 ? '-' : ''}${text.slice(0, point)}${this.scale ? '.' : ''}${text.slice(point)}`;
  }

  toNumber() {
    return Number(this.toString());
  }
}
