// SPDX-License-Identifier: Apache-2.0
int  Add( int a,int b ){return a+b;}
