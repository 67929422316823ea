import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
const data = process.argv[2] ?? mkdtempSync('/tmp/dvxdata-')
const port = 17000 + Math.floor(Math.random()*2000)
const t0 = performance.now()
const child = spawn(process.execPath, ['scripts/start.mjs','--data',data,'--port',String(port)], {stdio:['ignore','pipe','inherit']})
let out=''
child.stdout.on('data',d=>{out+=d;process.stdout.write(d)})
while(!/welcome\/\w+/.test(out)) { await new Promise(r=>setTimeout(r,20)); if(child.exitCode!==null) process.exit(1)}
console.log('link after', performance.now()-t0)
const fs = await import('node:fs')
const secrets = JSON.parse(fs.readFileSync(data+'/keys/secrets.json'))
const running = JSON.parse(fs.readFileSync(data+'/running.json'))
const api='http://127.0.0.1:'+running.ports.orchestrator
let person
const ask = async (method,path,body)=>{const r=await fetch(api+path,{method,headers:{authorization:'Bearer '+secrets.service,'content-type':'application/json',...(person?{'x-devex-person':person}:{})},body:body?JSON.stringify(body):undefined});return {status:r.status,...await r.json()}}
const code=/welcome\/(\w+)/.exec(out)[1]
person=(await ask('POST','/v1/links/consume',{code})).person.id
console.log(await ask('POST','/v1/links/consume',{code}))
const {repl}=await ask('POST','/v1/repls',{name:'two sum',template:'python'})
const until = async phase=>{const t=performance.now();for(;;){const r=(await ask('GET','/v1/repls/'+repl.id)).repl;if(r.phase===phase||/FAILED/.test(r.phase)){console.log(phase, r.phase,r.reason,(performance.now()-t)|0);return}await new Promise(r=>setTimeout(r,20)); if(performance.now()-t>40000){console.log('stuck',r);return}}}
await ask('POST','/v1/repls/'+repl.id+'/start',{}); await until('RUNNING')
console.log(await ask('POST','/v1/repls/'+repl.id+'/doors',{}))
await ask('POST','/v1/repls/'+repl.id+'/stop',{}); await until('STOPPED')
await ask('POST','/v1/repls/'+repl.id+'/start',{}); await until('RUNNING')
const res = await fetch(api+'/v1/repls/'+repl.id+'/progress',{headers:{authorization:'Bearer '+secrets.service,'x-devex-person':person}})
const rd = res.body.getReader(); console.log(Buffer.from((await rd.read()).value).toString()); console.log(Buffer.from((await rd.read()).value).toString()); rd.cancel()
child.kill('SIGINT'); await new Promise(r=>child.on('exit',(c)=>{console.log('exit',c);r()}))
console.log(data)
