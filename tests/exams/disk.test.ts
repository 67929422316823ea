// The exam of disks, taken by the real one and by the one with faults.
import { systemDisk } from '../../runner/disk.ts'
import { FaultyDisk } from '../runner/faulty-disk.ts'
import { examineDisk } from './disk.ts'

examineDisk('the real disk', () => systemDisk)
examineDisk('the disk with faults', () => new FaultyDisk())
